// The trees of a prefix: put in place whole, replaced in one step, dropped when no entry names them.
import { existsSync, mkdirSync, readdirSync, renameSync } from "node:fs";
import { dirname, join } from "node:path";
import { PARTIAL, partialName, syncDirectory, writeFileAtomic } from "../atomic.ts";
import { fail } from "../errors.ts";
import { containedPath } from "../paths.ts";
import { clearTree, listFiles, moveContent, removeTree } from "../tree.ts";
import type { Layout } from "./layout.ts";

/** In each tree: its files with their checksums. */
export const FILE_LIST = ".rbee-files.json";

/** Says whether a process needs a tree; such a tree stays until a later sweep. */
export type InUse = (tree: string) => boolean;

/** What is to become a tree. */
export interface NewTree {
  readonly id: string;
  readonly binaryName: string;
  /** Laid out as a tree: `bin/` and what it needs. Its content is moved away. */
  readonly from: string;
}

/** Takes `usr/`, `usr/local/` or `opt/` off what package() made, so that a tree looks the same wherever the recipe put things. */
export function arrangePackage(pkgDir: string, into: string): void {
  mkdirSync(into, { recursive: true });
  for (const layer of ["usr/local", "usr", "opt", "."]) {
    const from = join(pkgDir, layer);
    if (!existsSync(from)) continue;
    moveContent(from, into);
    if (layer !== ".") removeTree(from);
  }
}

/**
 * Moves files into place as the tree at `path`; a tree of this name waits aside until {@link dropTrees} or {@link restoreTree}.
 * Returns how many files there are.
 * @throws PACKAGE_INVALID when there is no program of the worker's name, or one with another user's rights.
 */
export async function placeTree(path: string, { id, binaryName, from }: NewTree, signal?: AbortSignal): Promise<number> {
  const partial = partialName(path);
  try {
    mkdirSync(dirname(partial), { recursive: true });
    moveContent(from, partial);
    if (!existsSync(join(partial, "bin", binaryName))) throw fail("PACKAGE_INVALID", { id, reason: `there is no bin/${binaryName}` });
    const files = await listFiles(partial, { signal });
    refuseSetuid(id, files);
    writeFileAtomic(join(partial, FILE_LIST), `${JSON.stringify(files, null, 1)}\n`);
    syncTree(partial);
    signal?.throwIfAborted();
    replaceTree(partial, path);
    return files.length;
  } catch (error) {
    removeTree(partial);
    throw error;
  }
}

/** Undoes the replacing of a tree: the former one of its name is back. False when there was none. */
export function restoreTree(path: string): boolean {
  const aside = asideName(path);
  if (!existsSync(aside)) return false;
  removeTree(path);
  renameSync(aside, path);
  return true;
}

/** Drops everything of a worker that is not among `keep` and that no process needs; a hive answers meanwhile. Returns what was dropped. */
export async function dropTrees({ workers }: Layout, id: string, keep: ReadonlySet<string>, inUse: InUse = () => false): Promise<string[]> {
  const directory = containedPath(workers, id);
  if (!existsSync(directory)) return [];
  const trees = readdirSync(directory).map((name) => join(directory, name));
  const rubbish = trees.filter((tree) => !keep.has(tree) && !inUse(tree));
  for (const tree of rubbish) await clearTree(tree);
  if (rubbish.length === trees.length) removeTree(directory);
  return rubbish;
}

/** A worker never needs another user's rights; a recipe that wants them is not trusted with them. */
function refuseSetuid(id: string, files: readonly { path: string; mode: string }[]): void {
  const file = files.find(({ mode }) => (Number.parseInt(mode, 8) & 0o6000) !== 0);
  if (file) throw fail("PACKAGE_INVALID", { id, reason: `${file.path} is setuid or setgid` });
}

/** Where the former tree of the same name waits while the new one takes its place; repair finishes what a crash interrupts here. */
function asideName(tree: string): string {
  return `${tree}${PARTIAL}old`;
}

function replaceTree(partial: string, tree: string): void {
  if (existsSync(tree)) {
    removeTree(asideName(tree));
    renameSync(tree, asideName(tree));
  }
  renameSync(partial, tree);
  syncDirectory(dirname(tree));
}

/** Everything of the tree's file system onto the disk: one call instead of one for every file. Source: sync(1), syncfs(2). */
function syncTree(tree: string): void {
  if (process.platform !== "win32") Bun.spawnSync(["sync", "-f", tree], { stdout: "ignore", stderr: "ignore" });
}
