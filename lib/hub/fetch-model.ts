// Brings a model from a Hub into the shared cache: asked, chosen, checked for room, fetched, verified, linked.
import { existsSync, mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { requireRoom } from "../disk-usage.ts";
import { writtenBytes } from "../download/part.ts";
import { RefusedError } from "../download/request.ts";
import { download } from "../download.ts";
import { fail } from "../errors.ts";
import { waitForLock } from "../lock.ts";
import { CachedRepository } from "./cache.ts";
import { type HubFile, type Listing, listRepository } from "./listing.ts";
import { type HubRef, writeHubRef } from "./ref.ts";
import { hubRefusal } from "./refusal.ts";
import { type Selection, selectFiles } from "./select.ts";
import type { HubSettings } from "./settings.ts";

export interface FetchOptions {
  /** For the choice of a quantisation. */
  readonly memoryBytes: number;
  /** The repository's commit, when not the one that the reference's revision is at now. */
  readonly commit?: string | undefined;
  /** Asked with what was chosen before anything is fetched; what it throws ends the work. */
  readonly onSelected?: ((files: readonly HubFile[]) => void) | undefined;
  readonly onNote: (message: string) => void;
  readonly onProgress: (progress: { what: string; done: number; total: number | null; unit: string }) => void;
  readonly signal: AbortSignal;
}

export interface FetchedModel {
  readonly repository: CachedRepository;
  readonly commit: string;
  readonly selection: Selection;
}

const FILES_AT_ONCE = 2;

/** @throws what {@link listRepository}, {@link selectFiles} and download throw; HUB_OFFLINE, DISK_SHORT. What was fetched is kept for the next try. */
export async function fetchModel(ref: HubRef, settings: HubSettings, options: FetchOptions): Promise<FetchedModel> {
  const repository = new CachedRepository(settings.cache, ref.repo);
  const at = options.commit === undefined ? ref : { ...ref, revision: options.commit };
  const listing = settings.isOffline ? cachedListing(repository, at) : await listRepository(at, settings, options);
  const selection = selectFiles(listing.files, ref, options.memoryBytes);
  options.onSelected?.(selection.files);
  for (const reason of selection.reasons) options.onNote(reason);
  await fetchBlobs(selection.files, { repository, ref, settings, commit: listing.commit }, options);
  for (const { path, etag } of selection.files) if (etag) repository.link(listing.commit, path, etag);
  if (!settings.isOffline) repository.rememberCommit(at.revision, listing.commit);
  return { repository, commit: listing.commit, selection };
}

function cachedListing(repository: CachedRepository, ref: HubRef): Listing {
  const commit = repository.commitOf(ref.revision);
  const files = commit ? repository.filesOf(commit) : [];
  if (!commit || files.length === 0) throw fail("HUB_OFFLINE", { what: writeHubRef(ref) });
  return { commit, files };
}

interface Place {
  readonly repository: CachedRepository;
  readonly ref: HubRef;
  readonly settings: HubSettings;
  readonly commit: string;
}

async function fetchBlobs(files: readonly HubFile[], place: Place, options: FetchOptions): Promise<void> {
  const missing = files.filter(({ etag }) => etag !== "" && !existsSync(place.repository.blob(etag)));
  const total = files.reduce((sum, { size }) => sum + size, 0);
  if (missing.length === 0) return options.onNote("Everything of it is in the cache already");
  if (place.settings.isOffline) throw fail("HUB_OFFLINE", { what: missing[0]!.path });
  checkRoom(place.repository, writeHubRef(place.ref), missing);
  const done = new Map(files.map(({ etag, size }) => [etag, size]));
  for (const { etag } of missing) done.set(etag, 0);
  const tell = (file: HubFile, bytes: number) => {
    done.set(file.etag, bytes);
    const sum = files.reduce((all, { etag }) => all + (done.get(etag) ?? 0), 0);
    options.onProgress({ what: writeHubRef(place.ref), done: sum, total, unit: "bytes" });
  };
  const broken = new AbortController();
  const signal = AbortSignal.any([options.signal, broken.signal]);
  const waiting = missing.values();
  const lane = async () => {
    try {
      for (const file of waiting) await fetchBlob(file, place, (bytes) => tell(file, bytes), signal);
    } catch (error) {
      broken.abort(error);
      throw error;
    }
  };
  await Promise.allSettled(Array.from({ length: FILES_AT_ONCE }, lane));
  options.signal.throwIfAborted();
  if (broken.signal.aborted) throw broken.signal.reason;
}

/** Whoever comes second, in this process or another, waits and finds the blob there. */
async function fetchBlob(file: HubFile, place: Place, onBytes: (bytes: number) => void, signal: AbortSignal): Promise<void> {
  const { repository, ref, settings, commit } = place;
  const blob = repository.blob(file.etag);
  using _lock = await waitForLock(repository.lock(file.etag), { signal });
  if (existsSync(blob)) return onBytes(file.size);
  const address = file.path.split("/").map(encodeURIComponent).join("/");
  const url = `${settings.endpoint}/${ref.repo}/resolve/${commit}/${address}`;
  try {
    await download(url, blob, {
      expected: { sizeBytes: file.size, hash: checksumOf(file) },
      headers: settings.token ? { authorization: `Bearer ${settings.token}` } : {},
      onProgress: onBytes,
      signal,
    });
  } catch (error) {
    const cause = (error as { cause?: unknown }).cause;
    throw cause instanceof RefusedError && cause.status !== 416 ? hubRefusal(cause, { ...ref, file: file.path }, settings) : error;
  }
}

/** Large files are known by their SHA-256, others by git's name of them: SHA-1 over a head and the bytes. Source: git-hash-object(1). */
function checksumOf({ etag, size, isLarge }: HubFile) {
  return isLarge ? { name: "sha256" as const, hex: etag } : { name: "sha1" as const, hex: etag, prefix: `blob ${size}\0` };
}

/** For all files together. What an earlier try wrote is there already. */
function checkRoom(repository: CachedRepository, what: string, files: readonly HubFile[]): void {
  const blobs = dirname(repository.blob("x"));
  mkdirSync(blobs, { recursive: true });
  const written = files.map(({ etag }) => writtenBytes(repository.blob(etag))).reduce((sum, bytes) => sum + bytes, 0);
  const needed = files.reduce((sum, { size }) => sum + size, 0) - written;
  requireRoom(blobs, what, needed);
}
