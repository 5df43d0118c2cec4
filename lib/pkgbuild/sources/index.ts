// Brings everything that source=() names into the source directory: fetched, verified, extracted.
import { type ChecksumLists, type Sum, sumsOf } from "../integrity.ts";
import { isVcs, parseSource, type Source } from "../source.ts";
import type { FetchContext } from "./context.ts";
import { extract } from "./extract.ts";
import { fetchFile, fetchLocal } from "./files.ts";
import { fetchRepository } from "./repositories.ts";
import { verifySignatures } from "./signature.ts";

interface SourceList {
  readonly source: readonly string[];
  readonly checksums: ChecksumLists;
  readonly noextract: readonly string[];
  readonly validpgpkeys: readonly string[];
}

/** How many sources are fetched at once. */
const PARALLEL = 4;

/**
 * Fetches all sources, at most four at once, checks their signatures, then extracts the archives among them in their order, as makepkg does.
 * @throws SOURCE_UNAVAILABLE, CHECKSUM_MISMATCH, SIGNATURE_INVALID, ARCHIVE_REFUSED, DEPENDENCY_MISSING; RECIPE_REFUSED before any transfer
 * when the list itself cannot be used.
 */
export async function fetchSources(list: SourceList, context: FetchContext): Promise<void> {
  const sources = list.source.map((written, index) => {
    const source = parseSource(written);
    return { source, sums: isVcs(source.kind) ? [] : sumsOf(list.checksums, index, written) };
  });
  const waiting = sources.values();
  const workers = Array.from({ length: Math.min(PARALLEL, sources.length) }, async () => {
    for (const { source, sums } of waiting) {
      context.onNote?.(`==> Fetching ${source.name}`);
      await fetchOne(source, sums, list.validpgpkeys, context);
    }
  });
  await allOrFirstError(workers);
  const all = sources.map(({ source }) => source);
  await verifySignatures(all, list.validpgpkeys, context);
  context.workshop.give(context.workshop.srcDir);
  for (const { kind, name } of all) {
    context.signal?.throwIfAborted();
    if (!isVcs(kind) && !list.noextract.includes(name)) await extract(name, context);
  }
}

function fetchOne(source: Source, sums: readonly Sum[], validKeys: readonly string[], context: FetchContext): Promise<void> {
  if (isVcs(source.kind)) return fetchRepository(source, source.kind, validKeys, context);
  return source.kind === "local" ? fetchLocal(source, sums, context) : fetchFile(source, sums, context);
}

/** Waits for all, so that no transfer goes on behind an error, then throws the first. */
async function allOrFirstError(work: readonly Promise<void>[]): Promise<void> {
  const failed = (await Promise.allSettled(work)).find((result) => result.status === "rejected");
  if (failed) throw failed.reason;
}
