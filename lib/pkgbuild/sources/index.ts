// Brings everything that source=() names into the source directory: fetched, verified, extracted.
import { fail } from "../../errors.ts";
import { type ChecksumLists, type Sum, sumsOf } from "../integrity.ts";
import { isVcs, parseSource, type Source } from "../source.ts";
import type { FetchContext } from "./context.ts";
import { extract } from "./extract.ts";
import { fetchFile, fetchLocal, isCached } from "./files.ts";
import { fetchRepository, hasMirror } from "./repositories.ts";
import { verifySignatures } from "./signature.ts";

interface SourceList {
  readonly source: readonly string[];
  readonly checksums: ChecksumLists;
  readonly noextract: readonly string[];
  readonly validpgpkeys: readonly string[];
}

interface Summed {
  readonly source: Source;
  readonly sums: readonly Sum[];
}

/** How many sources are fetched at once. */
const PARALLEL = 4;

/**
 * Fetches all sources, at most four at once, checks their signatures, then extracts the archives among them in their order, as makepkg does.
 * @throws SOURCE_UNAVAILABLE, CHECKSUM_MISMATCH, SIGNATURE_INVALID, ARCHIVE_REFUSED, DEPENDENCY_MISSING, NOT_CACHED; RECIPE_REFUSED before any transfer
 * when the list itself cannot be used.
 */
export async function fetchSources(list: SourceList, context: FetchContext): Promise<void> {
  const sources = list.source.map((written, index) => {
    const source = parseSource(written);
    return { source, sums: isVcs(source.kind) ? [] : sumsOf(list.checksums, index, written) };
  });
  if (context.isOffline) await requireCached(sources, context);
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

/** Asked before anything is done, and for all, so that one run tells everything that is missing. @throws NOT_CACHED. */
async function requireCached(sources: readonly Summed[], context: FetchContext): Promise<void> {
  const missing: string[] = [];
  for (const { source, sums } of sources) {
    const { kind } = source;
    const isHere = kind === "local" || (isVcs(kind) ? hasMirror(source, kind, context) : await isCached(source, sums, context));
    if (!isHere) missing.push(source.written);
  }
  if (missing.length > 0) throw fail("NOT_CACHED", { what: missing.join(", ") }, { data: { missing } });
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
