// Where models come from: a Hub, an address, this machine's own files.
import { constants, copyFileSync, existsSync, linkSync, mkdirSync, readdirSync, statSync } from "node:fs";
import { totalmem } from "node:os";
import { basename, dirname, join, relative } from "node:path";
import { syncDirectory } from "../../lib/atomic.ts";
import type { LockedModel } from "../../lib/contract/lock.ts";
import type { Capabilities, Model } from "../../lib/contract/views.ts";
import { download } from "../../lib/download.ts";
import { fail } from "../../lib/errors.ts";
import { fetchModel } from "../../lib/hub/fetch-model.ts";
import type { HubFile } from "../../lib/hub/listing.ts";
import type { HubRef } from "../../lib/hub/ref.ts";
import { labelOf, selectFiles } from "../../lib/hub/select.ts";
import { hubSettings } from "../../lib/hub/settings.ts";
import { waitForLock } from "../../lib/lock.ts";
import type { Env } from "../../lib/paths.ts";
import { removeTree, walk } from "../../lib/tree.ts";
import type { JobContext } from "../job.ts";
import { requireFilesAsLocked } from "../locked.ts";
import { describeModelFiles, hubModel } from "./facts.ts";
import type { Models } from "./models.ts";

interface Ground {
  readonly models: Models;
  readonly env: Env;
  /** Memory of this machine that a model may take. */
  readonly memoryBytes: number;
  /** Only what is in the cache may be used. */
  readonly isOffline?: boolean | undefined;
  /** What it has to be. */
  readonly locked?: LockedModel | undefined;
}

/** The rest of the main memory is for everything else on the machine. */
const MAIN_MEMORY_SHARE = 0.75;
const DEVICE_MEMORY_SHARE = 0.9;

/** The memory that a model may take: of the largest device or of the machine, whichever holds more. */
export function memoryForModels(devices: Capabilities["devices"]): number {
  return Math.max(totalmem() * MAIN_MEMORY_SHARE, ...devices.map(({ memory_bytes }) => (memory_bytes ?? 0) * DEVICE_MEMORY_SHARE));
}

/** Fetches a model of a Hub into the cache that all its clients share. */
export async function addFromHub(ref: HubRef, job: JobContext, { models, env, memoryBytes, isOffline, locked }: Ground): Promise<Model> {
  const { signal, note, progress } = job;
  const settings = hubSettings(env);
  const onSelected = (files: readonly HubFile[]) => {
    if (locked) requireFilesAsLocked(ref.repo, locked, Object.fromEntries(files.map((file) => [file.path, announcedSum(file)])));
  };
  const fetched = await fetchModel(
    ref,
    { ...settings, isOffline: isOffline || settings.isOffline },
    { memoryBytes, commit: locked?.commit, onSelected, onNote: note, onProgress: progress, signal },
  );
  const model = hubModel(fetched, ref, await models.list());
  return models.remember(model);
}

/** Of small files the Hub tells git's sum only. */
function announcedSum({ etag, isLarge }: HubFile): string | undefined {
  return isLarge ? etag : undefined;
}

/** Fetches a GGUF file from an address. @throws NOT_CACHED, MODEL_EXISTS, what download throws. */
export async function addFromAddress(url: string, job: JobContext, { models, isOffline, locked }: Ground): Promise<Model> {
  const file = basename(decodeURIComponent(new URL(url).pathname));
  if (!/\.gguf$/i.test(file)) throw fail("MODEL_REF_INVALID", { ref: url }, { hint: "The address must end in .gguf" });
  const id = file.replace(/\.gguf$/i, "");
  const existing = (await models.list()).find((model) => model.id === id);
  if (existing?.source === url) return existing;
  if (existing) throw fail("MODEL_EXISTS", { ref: id });
  const path = join(models.directory(id), file);
  using _lock = await waitForLock(`${models.directory(id)}.lock`, { signal: job.signal });
  const onProgress = (done: number, total: number | null) => job.progress({ what: file, done, total, unit: "bytes" });
  if (!existsSync(path) && isOffline) throw fail("NOT_CACHED", { what: url });
  const hex = locked?.files[file];
  const expected = hex === undefined ? {} : { expected: { hash: { name: "sha256" as const, hex } } };
  if (!existsSync(path)) await download(url, path, { onProgress, ...expected, signal: job.signal });
  try {
    return await models.remember(
      describeModelFiles({ id, format: "gguf", weights: [path], companions: [], label: labelOf(file), source: url, kept: "downloaded" }),
    );
  } catch (error) {
    removeTree(dirname(path));
    throw error;
  }
}

/**
 * Takes local files in: as second names of the same bytes where the file system can, else as copies (sharing blocks where it can).
 * @throws MODEL_UNREADABLE, MODEL_EXISTS, MODEL_FILE_NOT_FOUND for a directory without a model.
 */
export async function addLocal(source: string, { models, memoryBytes }: Ground): Promise<Model> {
  const isDirectory = statSync(source).isDirectory();
  if (!isDirectory && !isFile(source)) throw fail("MODEL_UNREADABLE", { path: source, reason: "it is neither a file nor a directory" });
  const root = isDirectory ? source : dirname(source);
  const ref: HubRef = { kind: "hub", repo: basename(source), revision: "main", ...(isDirectory ? {} : { file: basename(source) }) };
  const files = isDirectory ? filesBelow(root) : siblings(root, basename(source));
  const selection = selectFiles(files, ref, memoryBytes);
  const picked = isDirectory
    ? selection.files
    : selection.files.filter(({ path }) => path === ref.file || /-\d{5}-of-\d{5}\.gguf$/i.test(path));
  const id = basename(source).replace(/(-\d{5}-of-\d{5})?\.(gguf|safetensors|bin)$/i, "");
  const describe = (at: string, kept: Model["kept"]) => {
    const paths = (wanted: (file: HubFile) => boolean) => picked.filter(wanted).map(({ path }) => join(at, path));
    const isWeight = (file: HubFile) => /\.(gguf|safetensors|bin)$/i.test(file.path) && file !== selection.projector;
    return describeModelFiles({
      id,
      format: selection.format,
      weights: paths(isWeight),
      companions: paths((file) => !isWeight(file) && file !== selection.projector),
      projector: paths((file) => file === selection.projector)[0],
      source,
      kept,
    });
  };
  // Read before anything is taken in: what is no model leaves no trace.
  const seen = describe(root, "linked");
  const existing = (await models.list()).find((model) => model.id === id);
  if (existing?.size_bytes === seen.size_bytes && existing.source === source) return existing;
  if (existing) throw fail("MODEL_EXISTS", { ref: id });
  const directory = models.directory(id);
  removeTree(directory);
  const ways = picked.map(({ path }) => takeFile(join(root, path), join(directory, path)));
  syncDirectory(directory);
  return models.remember(describe(directory, ways.includes("copied") ? "copied" : "linked"));
}

/**
 * Takes in a file that lies in a directory of ours; its own name there stays until the caller takes it away, so that a crash loses nothing.
 * @throws MODEL_UNREADABLE, MODEL_EXISTS.
 */
export async function addUploaded(file: string, models: Models): Promise<Model> {
  const name = basename(file);
  const id = uploadedId(name);
  const directory = models.directory(id);
  const describe = (path: string) => {
    const format = /\.bin$/i.test(name) ? "ggml" : "gguf";
    return describeModelFiles({
      id,
      format,
      weights: [path],
      companions: [],
      label: labelOf(name),
      source: `upload:${name}`,
      kept: "copied",
    });
  };
  describe(file);
  using _lock = await waitForLock(`${directory}.lock`, { signal: new AbortController().signal });
  await models.checkFree(id);
  removeTree(directory);
  takeFile(file, join(directory, name));
  syncDirectory(directory);
  return models.remember(describe(join(directory, name)));
}

/** What a model is called that came as a file of this name. */
export function uploadedId(name: string): string {
  return name.replace(/\.(gguf|bin)$/i, "");
}

/** The file itself and, of a split model, its other parts. */
function siblings(root: string, name: string): HubFile[] {
  const stem = /^(.*)-\d{5}-of-\d{5}\.gguf$/i.exec(name)?.[1];
  const names = stem === undefined ? [name] : readdirSync(root).filter((other) => other.startsWith(`${stem}-`));
  return names.filter((path) => isFile(join(root, path))).map((path) => localFile(root, path));
}

/** Pipes, sockets, devices and links to nothing are no part of a model; reading a pipe would never end. */
function filesBelow(root: string): HubFile[] {
  return [...walk(root)].filter(isFile).map((path) => localFile(root, relative(root, path)));
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
}

function localFile(root: string, path: string): HubFile {
  return { path, size: statSync(join(root, path)).size, etag: "", isLarge: true };
}

function takeFile(source: string, path: string): "linked" | "copied" {
  mkdirSync(dirname(path), { recursive: true });
  try {
    linkSync(source, path);
    return "linked";
  } catch {
    copyFileSync(source, path, constants.COPYFILE_FICLONE);
    return "copied";
  }
}
