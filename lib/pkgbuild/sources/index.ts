// Brings everything that source=() names into the source directory: fetched, verified, extracted.
import type { Shell } from "zx";
import { type ChecksumLists, sumsOf } from "../integrity.ts";
import { parseSource, type Source } from "../source.ts";
import { extract } from "./extract.ts";
import { fetchGit } from "./git.ts";
import { fetchHttp } from "./http.ts";
import { fetchLocal } from "./local.ts";

export interface FetchContext {
  /** Where the PKGBUILD and its local files lie. */
  readonly startDir: string;
  readonly srcDir: string;
  /** Kept between builds: git mirrors and files. */
  readonly cacheDir: string;
  /** A shell with these variables besides the build's own; what it starts belongs to the job's tree. */
  readonly shell: (env?: Readonly<Record<string, string>>) => Shell;
  readonly onProgress?: (progress: { what: string; done: number; total: number | null; unit: string }) => void;
  readonly onNote?: (message: string) => void;
  readonly signal?: AbortSignal | undefined;
}

interface SourceList {
  readonly source: readonly string[];
  readonly checksums: ChecksumLists;
  readonly noextract: readonly string[];
}

/** How many sources are fetched at once. */
const PARALLEL = 4;

/**
 * Fetches all sources, at most four at once, then extracts the archives among them in their order, as makepkg does.
 * @throws SOURCE_UNAVAILABLE, CHECKSUM_MISMATCH, RECIPE_REFUSED; before any transfer when the list itself cannot be used.
 */
export async function fetchSources(list: SourceList, context: FetchContext): Promise<void> {
  const sources = list.source.map((written, index) => {
    const source = parseSource(written);
    return { source, sums: sumsOf(list.checksums, index, written) };
  });
  const waiting = sources.values();
  const workers = Array.from({ length: Math.min(PARALLEL, sources.length) }, async () => {
    for (const { source, sums } of waiting) {
      context.onNote?.(`==> Fetching ${source.name}`);
      await fetchOne(source, sums, context);
    }
  });
  await allOrFirstError(workers);
  for (const { source } of sources) {
    context.signal?.throwIfAborted();
    if (source.kind !== "git" && !list.noextract.includes(source.name)) await extract(source.name, context);
  }
}

async function fetchOne(source: Source, sums: ReturnType<typeof sumsOf>, context: FetchContext): Promise<void> {
  switch (source.kind) {
    case "local":
      return fetchLocal(source, sums, context);
    case "http":
      return fetchHttp(source, sums, context);
    case "git":
      return fetchGit(source, context);
    default:
      return source.kind satisfies never;
  }
}

/** Waits for all, so that no transfer goes on behind an error, then throws the first. */
async function allOrFirstError(work: readonly Promise<void>[]): Promise<void> {
  const failed = (await Promise.allSettled(work)).find((result) => result.status === "rejected");
  if (failed) throw failed.reason;
}
