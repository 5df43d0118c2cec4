// What workers exist: catalogs in a directory, behind a URL, or built in, asked in order; the first that has an id wins.
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { ofetch } from "ofetch";
import { CatalogList, Entry } from "./contract/entry.ts";
import { fail, RbeeError } from "./errors.ts";
import { describeIssue } from "./issues.ts";
import { containedPath } from "./paths.ts";

/** One place that offers workers. */
export interface Catalog {
  /** `built-in`, a URL or a directory. */
  readonly origin: string;
  /** All entries as they were found, unchecked; an error in the place of one that could not be read. @throws CATALOG_UNREACHABLE, CATALOG_INVALID. */
  list(signal?: AbortSignal): Promise<unknown[]>;
  /** One entry, unchecked; undefined when this catalog does not have it. */
  get(id: string, signal?: AbortSignal): Promise<unknown | undefined>;
  /** A file of the recipe: `PKGBUILD`, or one that it names. Undefined when there is none. */
  file(id: string, name: string, signal?: AbortSignal): Promise<Uint8Array | undefined>;
}

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
  throw fail("WORKER_NOT_FOUND", { id });
}

/** Entries that were checked before, by what they were read as. */
const CHECKED = new WeakMap<object, Entry>();

/** @throws ENTRY_INVALID naming the field that is missing or wrong. */
function checkEntry(raw: unknown, expectedId?: string): Entry {
  if (raw instanceof Error) throw raw;
  const isObject = typeof raw === "object" && raw !== null;
  const entry = (isObject ? CHECKED.get(raw) : undefined) ?? parseEntry(raw, expectedId);
  if (isObject) CHECKED.set(raw, entry);
  if (expectedId !== undefined && entry.id !== expectedId)
    throw fail("ENTRY_INVALID", { id: expectedId, reason: `its id is "${entry.id}"` });
  return entry;
}

function parseEntry(raw: unknown, expectedId: string | undefined): Entry {
  const result = Entry.safeParse(raw);
  const id = String((raw as { id?: unknown } | null)?.id ?? expectedId ?? "?").slice(0, 100);
  if (!result.success) throw fail("ENTRY_INVALID", { id, reason: describeIssue(result.error) });
  return result.data;
}

/** A catalog by what the user wrote: a URL, else a directory. */
export function openCatalog(place: string): Catalog {
  return /^https?:\/\//i.test(place) ? urlCatalog(place) : directoryCatalog(resolve(place));
}

/** `<id>/entry.json`, `<id>/PKGBUILD` and the recipe's local files beside them. */
function directoryCatalog(directory: string): Catalog {
  const unreachable = (reason: string) => fail("CATALOG_UNREACHABLE", { catalog: directory, reason });
  /** Entries as they were last read: of thousands, few have changed since. */
  const read = new Map<string, { readonly stamp: string; readonly entry: unknown }>();
  const entryOf = (id: string) => {
    const file = join(containedPath(directory, id), "entry.json");
    const found = statSync(file, { throwIfNoEntry: false });
    const stamp = found && `${found.ino} ${found.size} ${found.mtimeMs} ${found.ctimeMs}`;
    const former = read.get(id);
    if (former && former.stamp === stamp) return former.entry;
    read.delete(id);
    if (!stamp) return undefined;
    try {
      const entry = JSON.parse(readFileSync(file, "utf8")) as unknown;
      read.set(id, { stamp, entry });
      return entry;
    } catch (error) {
      throw fail("ENTRY_INVALID", { id, reason: `entry.json: ${messageOf(error)}` });
    }
  };
  return {
    origin: directory,
    async list() {
      if (!existsSync(directory)) throw unreachable("there is no such directory");
      const ids = new Set(readdirSync(directory));
      for (const id of read.keys()) if (!ids.has(id)) read.delete(id);
      return [...ids].map(orError(entryOf)).filter((entry) => entry !== undefined);
    },
    async get(id) {
      if (!existsSync(directory)) throw unreachable("there is no such directory");
      return entryOf(id);
    },
    async file(id, name) {
      const file = containedPath(containedPath(directory, id), name);
      return existsSync(file) ? readFileSync(file) : undefined;
    },
  };
}

/** A catalog is somebody's server: what it sends is bounded. Bytes. */
const MAX_ANSWER = 32 << 20;
const ANSWER_MS = 15_000;

/** A catalog server, or another hive. */
function urlCatalog(url: string): Catalog {
  const base = url.replace(/\/+$/, "");
  const ask = (path: string, signal?: AbortSignal) => fetchBytes(base, new URL(path, `${base}/`).href, signal);
  const askJson = async (path: string, signal?: AbortSignal) => {
    const bytes = await ask(path, signal);
    if (bytes === undefined) return undefined;
    try {
      return JSON.parse(new TextDecoder().decode(bytes)) as unknown;
    } catch {
      throw fail("CATALOG_INVALID", { catalog: base, reason: `${path} is not JSON` });
    }
  };
  return {
    origin: base,
    async list(signal) {
      const answer = CatalogList.safeParse(await askJson("workers", signal));
      if (!answer.success) throw fail("CATALOG_INVALID", { catalog: base, reason: `workers: ${describeIssue(answer.error)}` });
      return answer.data.workers;
    },
    get: (id, signal) => askJson(`workers/${encodeURIComponent(id)}`, signal),
    async file(id, name, signal) {
      if (name !== "PKGBUILD") return ask(`workers/${encodeURIComponent(id)}/files/${encodeURIComponent(name)}`, signal);
      const entry = Entry.safeParse(await askJson(`workers/${encodeURIComponent(id)}`, signal));
      return ask(recipeAddress(base, id, entry.data?.pkgbuild_url), signal);
    },
  };
}

/** An entry's `pkgbuild_url` is relative to its catalog or has its origin. @throws ENTRY_INVALID when it leads elsewhere. */
function recipeAddress(base: string, id: string, written = `workers/${encodeURIComponent(id)}/PKGBUILD`): string {
  const address = new URL(written.replace(/^\/+/, ""), `${base}/`);
  if (address.origin !== new URL(base).origin)
    throw fail("ENTRY_INVALID", { id, reason: `pkgbuild_url: leads to another server (${address.origin})` });
  return address.href;
}

/** The body, or undefined for 404. Fails on time-outs, refusals and bodies over the limit. */
async function fetchBytes(catalog: string, url: string, signal?: AbortSignal): Promise<Uint8Array | undefined> {
  try {
    const limit = AbortSignal.timeout(ANSWER_MS);
    const response = await ofetch.raw(url, {
      responseType: "stream",
      ignoreResponseError: true,
      retry: 1,
      signal: signal ? AbortSignal.any([signal, limit]) : limit,
    });
    if (response.status === 404) return undefined;
    if (!response.ok) throw new Error(`it answered ${response.status} ${response.statusText}`.trim());
    return await readBounded(response._data);
  } catch (error) {
    signal?.throwIfAborted();
    if (error instanceof RbeeError) throw error;
    throw fail("CATALOG_UNREACHABLE", { catalog, reason: messageOf((error as { cause?: unknown }).cause ?? error) }, { cause: error });
  }
}

async function readBounded(stream: ReadableStream<Uint8Array> | undefined): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of stream ?? []) {
    size += chunk.length;
    if (size > MAX_ANSWER) throw new Error(`its answer is larger than ${MAX_ANSWER} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function tryEntry(raw: unknown, catalog: Catalog, problems: string[]): Offer | undefined {
  try {
    return { entry: checkEntry(raw), catalog };
  } catch (error) {
    problems.push(`${catalog.origin}: ${messageOf(error)}`);
    return undefined;
  }
}

/** Hands on what `read` throws as a value: one broken entry does not hide the others. */
function orError<Argument>(read: (argument: Argument) => unknown): (argument: Argument) => unknown {
  return (argument) => {
    try {
      return read(argument);
    } catch (error) {
      return error;
    }
  };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
