// http and https sources: kept in the cache by address, taken from there when the checksums still fit.
import { existsSync, renameSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { partialName } from "../../atomic.ts";
import { download } from "../../download.ts";
import { digestOf } from "../../hash.ts";
import { waitForLock } from "../../lock.ts";
import { findMismatch, type Sum } from "../integrity.ts";
import type { Source } from "../source.ts";
import type { FetchContext } from "./index.ts";

/** @returns the path of the verified file. @throws SOURCE_UNAVAILABLE, CHECKSUM_MISMATCH; the bad file is kept aside under the path that the error names. */
export async function fetchHttp(source: Source, sums: readonly Sum[], context: FetchContext): Promise<void> {
  const cached = join(context.cacheDir, "files", digestOf([source.url]).slice(0, 32), source.name);
  using _lock = await waitForLock(`${cached}.lock`, { signal: context.signal });
  const isPinned = sums.length > 0;
  if (!existsSync(cached) || !isPinned || (await findMismatch(cached, sums, context))) {
    await download(source.url, cached, {
      signal: context.signal,
      onProgress: (done, total) => context.onProgress?.({ what: source.name, done, total, unit: "bytes" }),
    });
  }
  const mismatch = await findMismatch(cached, sums, context);
  if (mismatch) {
    const kept = `${partialName(cached)}.bad`.replace(/\.rbee-part-/, ".");
    renameSync(cached, kept);
    throw mismatch(source.name, kept);
  }
  symlinkSync(cached, join(context.srcDir, source.name));
}
