// A directory tree as the store keeps it: what is in it, how large, moved in one step or copied.
import { cpSync, existsSync, lstatSync, mkdirSync, readdirSync, readlinkSync, renameSync, rmSync } from "node:fs";
import { rm } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { hashFile } from "./hash.ts";

export interface TreeFile {
  readonly path: string;
  readonly mode: string;
  readonly size: number;
  /** Hex; absent for a link. */
  readonly sha256?: string;
  readonly link?: string;
}

/** Every file and link below `root`, in order of their paths, with checksums. */
export async function listFiles(root: string, { signal }: { signal?: AbortSignal | undefined } = {}): Promise<TreeFile[]> {
  const files: TreeFile[] = [];
  for (const path of walk(root)) {
    const info = lstatSync(path);
    const common = { path: relative(root, path), mode: (info.mode & 0o7777).toString(8), size: info.size };
    if (info.isSymbolicLink()) files.push({ ...common, link: readlinkSync(path) });
    else files.push({ ...common, sha256: await hashFile(path, "sha256", { signal }) });
  }
  return files;
}

/** The paths of all that is not a directory below `root`, sorted; links are not followed. */
export function* walk(root: string): Generator<string> {
  for (const entry of readdirSync(root, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = join(root, entry.name);
    if (entry.isDirectory()) yield* walk(path);
    else yield path;
  }
}

/** The paths of everything below `root`, directories before what is in them; links are not followed. */
export function* walkAll(root: string): Generator<string> {
  for (const entry of readdirSync(root, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = join(root, entry.name);
    yield path;
    if (entry.isDirectory()) yield* walkAll(path);
  }
}

/** Bytes that the files below `root` hold; 0 when there is nothing. */
export function sizeOf(root: string): number {
  if (!existsSync(root)) return 0;
  let bytes = 0;
  for (const path of walk(root)) bytes += lstatSync(path).size;
  return bytes;
}

/** Moves the content of `from` into the directory `to`: renamed on one file system, copied across two. Existing directories are merged. */
export function moveContent(from: string, to: string): void {
  mkdirSync(to, { recursive: true });
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    const source = join(from, entry.name);
    const target = join(to, entry.name);
    if (entry.isDirectory() && existsSync(target)) moveContent(source, target);
    else move(source, target);
  }
}

/** Removes a tree for good, also one whose directories were made read-only. Does nothing when there is none. */
export function removeTree(path: string): void {
  try {
    rmSync(path, { recursive: true, force: true, maxRetries: 2, retryDelay: 20 });
  } catch (error) {
    if ((error as { code?: string }).code !== "EACCES") throw error;
    Bun.spawnSync(["chmod", "-R", "u+rwX", "--", path], { stderr: "ignore" });
    rmSync(path, { recursive: true, force: true });
  }
}

/** The same without holding up everything else: a disk may take seconds for thousands of files. */
export async function clearTree(path: string): Promise<void> {
  try {
    await rm(path, { recursive: true, force: true, maxRetries: 2, retryDelay: 20 });
  } catch {
    removeTree(path);
  }
}

/** Moves one file or directory; across file systems it is copied. */
export function moveTree(from: string, to: string): void {
  mkdirSync(dirname(to), { recursive: true });
  move(from, to);
}

function move(source: string, target: string): void {
  try {
    renameSync(source, target);
  } catch (error) {
    if ((error as { code?: string }).code !== "EXDEV") throw error;
    cpSync(source, target, { recursive: true, verbatimSymlinks: true, preserveTimestamps: true });
    removeTree(source);
  }
}
