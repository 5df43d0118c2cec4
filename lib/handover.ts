// What an ordinary user's build hands to somebody with more rights: a packed worker, checked byte by byte while it is copied.
// Nothing of it is run, and nothing that the user could still change is believed: the digest was told on the command line.
import { closeSync, constants, fstatSync, lstatSync, mkdirSync, openSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, isAbsolute, join, resolve } from "node:path";
import { z } from "zod";
import { PARTIAL, partialName, writeFileAtomic } from "./atomic.ts";
import { Entry } from "./contract/entry.ts";
import type { InstalledWorker } from "./contract/views.ts";
import { fail } from "./errors.ts";
import { digestOf } from "./hash.ts";
import { containedPath } from "./paths.ts";
import { PrefixStore } from "./store.ts";
import { listFiles, moveTree, removeTree } from "./tree.ts";

const LIST = "worker.json";
const TREE = "tree";
/** The list of a worker's files. Bytes. */
const LIST_BYTES = 64 << 20;

const Packed = z.object({
  entry: Entry,
  digest: z.string().regex(/^[0-9a-f]{64}$/),
  origin: z.string().max(4096),
  files: z.array(
    z.object({
      path: z.string().min(1).max(4096),
      mode: z.string().regex(/^[0-7]{1,4}$/),
      sha256: z.string().optional(),
      link: z.string().max(4096).optional(),
    }),
  ),
});
type Packed = z.infer<typeof Packed>;

interface Worker {
  readonly entry: Entry;
  readonly digest: string;
  readonly origin: string;
  /** What package() filled. It is moved away. */
  readonly pkgDir: string;
}

/** Packs a worker into `directory`. Returns the sum that {@link placeHandedOver} wants: of the list, which holds the sums of all files. */
export async function packHandover(directory: string, worker: Worker, { signal }: { signal?: AbortSignal } = {}): Promise<string> {
  const { pkgDir, ...about } = worker;
  moveTree(pkgDir, join(directory, TREE));
  const text = JSON.stringify({ ...about, files: await listFiles(join(directory, TREE), { signal }) });
  writeFileAtomic(join(directory, LIST), text);
  return digestOf([text]);
}

/**
 * Installs what was packed in `directory` under `prefix`. The files become this process's own, without anybody else's right to write.
 * @throws CHECKSUM_MISMATCH when anything differs from what was packed, UNSAFE_PATH, PREFIX_UNSAFE, FOREIGN_FILE.
 */
export async function placeHandedOver(directory: string, sha256: string, prefix: string): Promise<InstalledWorker> {
  checkPrefix(prefix);
  const packed = readList(directory, sha256);
  const store = new PrefixStore(prefix);
  store.checkLink(packed.entry.binary_name);
  const copy = partialName(join(prefix, "lib/rbee/handover"));
  try {
    copyChecked(packed, join(directory, TREE), copy);
    const worker = await store.place({ ...packed, pkgDir: copy });
    await store.record(worker).catch(async (error: unknown) => {
      await store.takeBack(packed.entry);
      throw error;
    });
    return worker;
  } finally {
    removeTree(copy);
  }
}

/** Removes the worker `id` under `prefix`. @throws WORKER_NOT_INSTALLED, PREFIX_UNSAFE. */
export async function removeFrom(prefix: string, id: string): Promise<InstalledWorker> {
  checkPrefix(prefix);
  const store = new PrefixStore(prefix);
  const worker = await store.find(id);
  if (!worker) throw fail("WORKER_NOT_INSTALLED", { id });
  await store.remove(worker);
  return worker;
}

/** A prefix where somebody else may write could lead our writing anywhere. @throws PREFIX_UNSAFE. */
export function checkPrefix(prefix: string): void {
  if (!isAbsolute(prefix) || resolve(prefix) !== prefix || prefix === "/" || prefix.includes(PARTIAL))
    throw fail("PREFIX_UNSAFE", { prefix, reason: "it must be a plain absolute path" });
  for (const directory of [
    ...ancestorsOf(prefix),
    ...["bin", "lib", "lib/rbee", "lib/rbee/workers", "lib/rbee/catalog"].map((name) => join(prefix, name)),
  ])
    checkDirectory(prefix, directory);
}

function checkDirectory(prefix: string, directory: string): void {
  const info = lstatSync(directory, { throwIfNoEntry: false });
  if (!info) return;
  const isOurs = info.uid === 0 || info.uid === process.getuid?.();
  const isOpenToAll = (info.mode & 0o002) !== 0 && (info.mode & 0o1000) === 0;
  if (!info.isDirectory()) throw fail("PREFIX_UNSAFE", { prefix, reason: `${directory} is no directory` });
  if (!isOurs || isOpenToAll) throw fail("PREFIX_UNSAFE", { prefix, reason: `others may change ${directory}` });
}

function ancestorsOf(path: string): string[] {
  return dirname(path) === path ? [path] : [...ancestorsOf(dirname(path)), path];
}

function readList(directory: string, sha256: string): Packed {
  const text = readPlain(join(directory, LIST), LIST_BYTES).toString("utf8");
  requireSum(LIST, digestOf([text]), sha256);
  return Packed.parse(JSON.parse(text));
}

/** Files first, then links: while files are written there is no link of the list's that could lead them elsewhere. */
function copyChecked({ files }: Packed, from: string, to: string): void {
  refuseLinkedDirectories(files);
  process.umask(0o022);
  mkdirSync(to, { recursive: true });
  for (const { path, mode, sha256 } of files.filter(({ link }) => link === undefined)) {
    const target = containedPath(to, path);
    const bytes = readPlain(containedPath(from, path));
    requireSum(path, new Bun.CryptoHasher("sha256").update(bytes).digest("hex"), sha256 ?? "");
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, bytes, { flag: "wx", mode: Number.parseInt(mode, 8) & 0o100 ? 0o755 : 0o644 });
  }
  for (const { path, link } of files) {
    if (link === undefined) continue;
    mkdirSync(dirname(containedPath(to, path)), { recursive: true });
    symlinkSync(link, containedPath(to, path));
  }
}

/** A link that something of the list lies behind, or that stands where the store takes a layer off, would lead root's hands out of the tree. */
function refuseLinkedDirectories(files: Packed["files"]): void {
  const links = new Set(files.filter(({ link }) => link !== undefined).map(({ path }) => path));
  const behind = files.flatMap(({ path }) => ancestorsOf(dirname(path)));
  const bad = ["usr", "usr/local", "opt", ...behind].find((path) => links.has(path));
  if (bad !== undefined) throw fail("UNSAFE_PATH", { path: bad, root: "the worker's tree" });
}

/** A regular file's bytes: no link, no pipe that would never end. */
function readPlain(path: string, most = Number.POSITIVE_INFINITY): Buffer {
  const file = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const info = fstatSync(file);
    if (!info.isFile() || info.size > most) throw fail("UNSAFE_PATH", { path, root: "plain files" });
    return readFileSync(file);
  } finally {
    closeSync(file);
  }
}

function requireSum(file: string, found: string, expected: string): void {
  if (found !== expected)
    throw fail("CHECKSUM_MISMATCH", { file, kind: "sha256", expected, found, kept: "nowhere" }, { hint: "Nothing was installed" });
}
