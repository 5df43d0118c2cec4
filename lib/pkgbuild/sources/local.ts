// Local sources: files that lie beside the PKGBUILD.
import { copyFileSync, existsSync } from "node:fs";
import { join } from "node:path";
import { fail } from "../../errors.ts";
import { containedPath } from "../../paths.ts";
import { findMismatch, type Sum } from "../integrity.ts";
import type { Source } from "../source.ts";
import type { FetchContext } from "./index.ts";

/** Copies the file into the source directory, so that a build can change its copy only. @throws SOURCE_UNAVAILABLE, CHECKSUM_MISMATCH, UNSAFE_PATH. */
export async function fetchLocal(source: Source, sums: readonly Sum[], context: FetchContext): Promise<void> {
  const file = containedPath(context.startDir, source.name);
  if (!existsSync(file)) throw fail("SOURCE_UNAVAILABLE", { url: source.name, reason: "there is no such file beside the PKGBUILD" });
  const mismatch = await findMismatch(file, sums, context);
  if (mismatch) throw mismatch(source.name, file);
  copyFileSync(file, join(context.srcDir, source.name));
}
