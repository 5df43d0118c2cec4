// What workers exist: catalogs in a directory, behind a URL, in a repository, or built in, asked in order; the first that has an id wins.
import type { Catalog } from "./catalog/catalog.ts";
import { directoryCatalog } from "./catalog/directory.ts";
import { gitCatalog } from "./catalog/git.ts";
import { parseCatalogPlace } from "./catalog/place.ts";
import { urlCatalog } from "./catalog/url.ts";
import { Entry } from "./contract/entry.ts";
import { fail } from "./errors.ts";
import { describeIssue, messageOf } from "./issues.ts";
import { nearest } from "./nearest.ts";
import type { Env } from "./paths.ts";

export interface Offer {
  readonly entry: Entry;
  readonly catalog: Catalog;
}

/** Everything that the catalogs offer, in their order, an id once; catalogs and entries that cannot be used are told in `problems`. */
export async function listOffers(catalogs: readonly Catalog[], signal?: AbortSignal): Promise<{ offers: Offer[]; problems: string[] }> {
  const problems: string[] = [];
  const offers = new Map<string, Offer>();
  const lists = await Promise.allSettled(catalogs.map((catalog) => catalog.list(signal)));
  for (const [index, list] of lists.entries()) {
    const catalog = catalogs[index]!;
    if (list.status === "rejected") problems.push(messageOf(list.reason));
    else
      for (const raw of list.value) {
        const offer = tryEntry(raw, catalog, problems);
        if (offer && !offers.has(offer.entry.id)) offers.set(offer.entry.id, offer);
      }
  }
  return { offers: [...offers.values()], problems };
}

/** @throws WORKER_NOT_FOUND when no catalog has it; what the first catalog that fails throws, because a later one's entry of that name may be another worker. */
export async function findOffer(catalogs: readonly Catalog[], id: string, signal?: AbortSignal): Promise<Offer> {
  for (const catalog of catalogs) {
    const raw = await catalog.get(id, signal);
    if (raw !== undefined) return { entry: checkEntry(raw, id), catalog };
  }
  throw fail("WORKER_NOT_FOUND", { id, near: await suggestion(catalogs, id, signal) });
}

/** A slow catalog is not waited for when there is only an error to tell. */
const SUGGESTION_MS = 1_000;

/** The id that may have been meant; a catalog that fails now has nothing to say. */
async function suggestion(catalogs: readonly Catalog[], id: string, signal: AbortSignal | undefined): Promise<string> {
  const patience = AbortSignal.timeout(SUGGESTION_MS);
  const { offers } = await listOffers(catalogs, signal ? AbortSignal.any([signal, patience]) : patience);
  const near = nearest(
    id,
    offers.map(({ entry }) => entry.id),
  );
  return near ? `. Did you mean ${near}?` : "";
}

/** Entries that were checked before. */
const CHECKED = new WeakSet<object>();

/** @throws ENTRY_INVALID naming the field that is missing or wrong. */
function checkEntry(raw: unknown, expectedId?: string): Entry {
  if (raw instanceof Error) throw raw;
  const entry = isChecked(raw) ? raw : keepChecked(raw, parseEntry(raw, expectedId));
  if (expectedId !== undefined && entry.id !== expectedId)
    throw fail("ENTRY_INVALID", { id: expectedId, reason: `its id is "${entry.id}"` });
  return entry;
}

function isChecked(raw: unknown): raw is Entry {
  return typeof raw === "object" && raw !== null && CHECKED.has(raw);
}

/** What was read becomes what was checked: catalogs keep thousands of them, and each only once. */
function keepChecked(raw: unknown, checked: Entry): Entry {
  const entry = Object.assign(raw as Entry, checked);
  CHECKED.add(entry);
  return entry;
}

function parseEntry(raw: unknown, expectedId: string | undefined): Entry {
  const result = Entry.safeParse(raw);
  const id = String((raw as { id?: unknown } | null)?.id ?? expectedId ?? "?").slice(0, 100);
  if (!result.success) throw fail("ENTRY_INVALID", { id, reason: describeIssue(result.error) });
  return result.data;
}

/** A catalog by what the user wrote; `cacheDir` keeps what is fetched of it. @throws CATALOG_PLACE. */
export function openCatalog(written: string, ground: { cacheDir: string; env: Env }): Catalog {
  const place = parseCatalogPlace(written);
  switch (place.kind) {
    case "directory":
      return directoryCatalog(place.path);
    case "url":
      return urlCatalog(place.url, ground.cacheDir);
    case "git":
      return gitCatalog(place, ground);
  }
}

function tryEntry(raw: unknown, catalog: Catalog, problems: string[]): Offer | undefined {
  try {
    return { entry: checkEntry(raw), catalog };
  } catch (error) {
    problems.push(`${catalog.origin}: ${messageOf(error)}`);
    return undefined;
  }
}
