// Installed workers: one tree each under a prefix, a link into it, an entry in the prefix's catalog. Whole or absent at every moment.
//
//   <prefix>/lib/rbee/workers/<id>/<version>-<digest>/   the tree          <prefix>/bin/<binary>   a link into it
//   <prefix>/lib/rbee/catalog/<id>.json                  the entry         <prefix>/lib/rbee/lock  one writer at a time
//
// Install writes tree, link, entry in this order; remove takes them away in the order entry, link, tree. The entry decides: a tree without
// one is rubbish, so a crash anywhere leaves either the old state or the new one and something to sweep (see repair).
import {
  accessSync,
  constants,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
} from "node:fs";
import { basename, dirname, join, relative, resolve } from "node:path";
import { PARTIAL, partialName, syncDirectory, writeFileAtomic } from "./atomic.ts";
import { type Collection, openCollection } from "./collection.ts";
import type { Entry } from "./contract/entry.ts";
import { InstalledWorker } from "./contract/views.ts";
import { fail } from "./errors.ts";
import { waitForLock } from "./lock.ts";
import { containedPath, isInside } from "./paths.ts";
import { listFiles, moveContent, removeTree, sizeOf } from "./tree.ts";

const FILE_LIST = ".rbee-files.json";
/** Of a digest's 64 hex characters these many name a tree. */
const DIGEST_CHARACTERS = 12;

interface NewWorker {
  readonly entry: Entry;
  readonly digest: string;
  readonly origin: string;
  /** What the recipe's package() filled. Its content is moved away. */
  readonly pkgDir: string;
}

/** Says whether a running process needs a tree; such a tree stays until a later sweep. */
type InUse = (tree: string) => boolean;

/** The workers installed under one prefix. */
export class PrefixStore {
  readonly #catalog: Collection<InstalledWorker>;

  constructor(
    readonly prefix: string,
    onUnreadable?: (path: string, reason: string) => void,
  ) {
    this.#catalog = openCollection(join(prefix, "lib/rbee/catalog"), InstalledWorker, onUnreadable ? { onUnreadable } : {});
  }

  /** False when nothing is there yet, or only others may change it. */
  isWritable(): boolean {
    try {
      accessSync(join(this.prefix, "lib/rbee"), constants.W_OK);
      return true;
    } catch {
      return false;
    }
  }

  /** The workers whose entry and tree are both here. */
  async list(): Promise<InstalledWorker[]> {
    return (await this.records()).filter((worker) => existsSync(worker.tree));
  }

  /** Every entry, also those whose tree is gone. */
  async records(): Promise<InstalledWorker[]> {
    if (!existsSync(join(this.prefix, "lib/rbee/catalog"))) return [];
    return this.#catalog.list();
  }

  /** One worker, when its entry and tree are both here. */
  async find(id: string): Promise<InstalledWorker | undefined> {
    if (!existsSync(join(this.prefix, "lib/rbee/catalog"))) return undefined;
    const worker = await this.#catalog.get(id);
    return worker && existsSync(worker.tree) ? worker : undefined;
  }

  /** @throws FOREIGN_FILE when something that is not a link of ours stands where the worker's link would go. */
  checkLink(binaryName: string): void {
    const link = this.#linkPath(binaryName);
    if (lstatSync(link, { throwIfNoEntry: false }) && !this.#isOurs(link)) throw fail("FOREIGN_FILE", { path: link });
  }

  /**
   * Step "Install binary": puts a built package in place and switches the link to it. The tree is not installed before {@link record}.
   * @throws PACKAGE_INVALID when package() made no program of the entry's name, FOREIGN_FILE, or what the file system says.
   */
  async place(worker: NewWorker, { signal }: { signal?: AbortSignal | undefined } = {}): Promise<InstalledWorker> {
    using _lock = await this.#lock(signal);
    const { entry, digest } = worker;
    this.checkLink(entry.binary_name);
    const tree = this.#treePath(entry.id, entry.version, digest);
    const partial = partialName(tree);
    try {
      takePackage(worker.pkgDir, partial);
      const binary = join(partial, "bin", entry.binary_name);
      if (!existsSync(binary)) throw fail("PACKAGE_INVALID", { id: entry.id, reason: `there is no bin/${entry.binary_name}` });
      const files = await listFiles(partial, { signal });
      refuseSetuid(entry.id, files);
      writeFileAtomic(join(partial, FILE_LIST), `${JSON.stringify(files, null, 1)}\n`);
      syncTree(partial);
      signal?.throwIfAborted();
      replaceTree(partial, tree);
      const link = this.#linkPath(entry.binary_name);
      switchLink(link, join(tree, "bin", entry.binary_name));
      return this.#describe(worker, { tree, link, files: files.length });
    } catch (error) {
      removeTree(partial);
      await this.#restoreLink(entry);
      throw error;
    }
  }

  /** Step "Add to worker catalog": from here on the worker is installed. Trees that it replaces are dropped, and links of former names with them. */
  async record(worker: InstalledWorker, inUse: InUse = () => false): Promise<void> {
    using _lock = await this.#lock();
    const before = await this.#catalog.get(worker.id);
    await this.#catalog.set(worker.id, worker);
    if (before && before.binary !== worker.binary && this.#isOurs(before.binary)) rmSync(before.binary, { force: true });
    this.#dropTrees(worker.id, worker.tree, inUse);
  }

  /** Takes back what {@link place} did when {@link record} was not reached: the former worker, or nothing. */
  async takeBack(entry: Entry, inUse: InUse = () => false): Promise<void> {
    using _lock = await this.#lock();
    const installed = await this.#restoreLink(entry);
    this.#dropTrees(entry.id, installed?.tree, inUse);
  }

  /** Removes a worker: entry, link, tree, in this order. Returns the bytes that were freed. */
  async remove(worker: InstalledWorker): Promise<number> {
    using _lock = await this.#lock();
    const bytes = sizeOf(worker.tree);
    await this.#catalog.remove(worker.id);
    if (this.#isOurs(worker.binary)) rmSync(worker.binary, { force: true });
    this.#dropTrees(worker.id, undefined, () => false);
    return bytes;
  }

  async touch(worker: InstalledWorker, lastUsedAt: number): Promise<void> {
    using _lock = await this.#lock();
    const current = await this.#catalog.get(worker.id);
    if (current) await this.#catalog.set(worker.id, { ...current, last_used_at: lastUsedAt });
  }

  /**
   * Brings what a crash left into agreement: finishes interrupted replacements, sweeps trees and links that no entry names, restores links.
   * Returns what it did, in words; an entry whose tree is gone is reported and dropped.
   */
  async repair(inUse: InUse = () => false): Promise<string[]> {
    const workers = join(this.prefix, "lib/rbee/workers");
    if (!existsSync(workers)) return [];
    using _lock = await this.#lock();
    const done: string[] = [];
    const entries = await this.#catalog.list();
    for (const worker of entries) await this.#repairWorker(worker, done);
    for (const id of readdirSync(workers)) {
      const worker = entries.find((entry) => entry.id === id && existsSync(entry.tree));
      done.push(...this.#dropTrees(id, worker?.tree, inUse).map((tree) => `swept ${tree}`));
    }
    done.push(...this.#dropDeadLinks());
    return done;
  }

  async #repairWorker(worker: InstalledWorker, done: string[]): Promise<void> {
    const aside = asideName(worker.tree);
    if (!existsSync(worker.tree) && existsSync(aside)) renameSync(aside, worker.tree);
    if (!existsSync(worker.tree)) {
      await this.#catalog.remove(worker.id);
      done.push(`dropped the entry of ${worker.id}: its tree ${worker.tree} is gone`);
      return;
    }
    const target = join(worker.tree, "bin", worker.entry.binary_name);
    const present = lstatSync(worker.binary, { throwIfNoEntry: false });
    if (present && !this.#isOurs(worker.binary)) done.push(`${worker.binary} is not a link of rbee any more: left alone`);
    else if (!present || linkTarget(worker.binary) !== target) {
      switchLink(worker.binary, target);
      done.push(`restored the link ${worker.binary}`);
    }
  }

  #describe({ entry, digest, origin }: NewWorker, { tree, link, files }: { tree: string; link: string; files: number }): InstalledWorker {
    return {
      id: entry.id,
      name: entry.name,
      version: entry.version,
      digest,
      worker_type: entry.worker_type,
      binary: link,
      tree,
      prefix: this.prefix,
      origin,
      size_bytes: sizeOf(tree),
      files,
      installed_at: Date.now(),
      entry,
    };
  }

  /** Points the link at the worker that the catalog names, or removes it when it names none. */
  async #restoreLink(entry: Entry): Promise<InstalledWorker | undefined> {
    const installed = await this.#catalog.get(entry.id);
    const link = this.#linkPath(entry.binary_name);
    if (installed && existsSync(installed.tree)) switchLink(installed.binary, join(installed.tree, "bin", installed.entry.binary_name));
    else if (this.#isOurs(link) && isInside(join(this.prefix, "lib/rbee/workers", entry.id), linkTarget(link)))
      rmSync(link, { force: true });
    return installed;
  }

  #dropTrees(id: string, keep: string | undefined, inUse: InUse): string[] {
    const directory = containedPath(join(this.prefix, "lib/rbee/workers"), id);
    if (!existsSync(directory)) return [];
    const trees = readdirSync(directory).map((name) => join(directory, name));
    const rubbish = trees.filter((tree) => tree !== keep && !inUse(tree));
    for (const tree of rubbish) removeTree(tree);
    if (rubbish.length === trees.length) removeTree(directory);
    return rubbish;
  }

  #dropDeadLinks(): string[] {
    const bin = join(this.prefix, "bin");
    if (!existsSync(bin)) return [];
    const dead = readdirSync(bin)
      .map((name) => join(bin, name))
      .filter((link) => this.#isOurs(link) && !existsSync(link));
    for (const link of dead) rmSync(link, { force: true });
    return dead.map((link) => `removed the dead link ${link}`);
  }

  #isOurs(link: string): boolean {
    if (!lstatSync(link, { throwIfNoEntry: false })?.isSymbolicLink()) return false;
    return isInside(join(this.prefix, "lib/rbee/workers"), linkTarget(link));
  }

  #treePath(id: string, version: string, digest: string): string {
    return containedPath(join(this.prefix, "lib/rbee/workers"), `${id}/${version}-${digest.slice(0, DIGEST_CHARACTERS)}`);
  }

  #linkPath(binaryName: string): string {
    return containedPath(join(this.prefix, "bin"), binaryName);
  }

  #lock(signal?: AbortSignal) {
    return waitForLock(join(this.prefix, "lib/rbee/lock"), { signal });
  }
}

/** Takes `usr/`, `usr/local/` or `opt/` off what package() made, so that a tree looks the same wherever the recipe put things. */
function takePackage(pkgDir: string, tree: string): void {
  mkdirSync(tree, { recursive: true });
  for (const layer of ["usr/local", "usr", "opt", "."]) {
    const from = join(pkgDir, layer);
    if (!existsSync(from)) continue;
    moveContent(from, tree);
    if (layer !== ".") removeTree(from);
  }
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

function switchLink(link: string, target: string): void {
  mkdirSync(dirname(link), { recursive: true });
  const partial = join(dirname(link), partialName(`.${basename(link)}`));
  symlinkSync(relative(dirname(link), target), partial);
  renameSync(partial, link);
  syncDirectory(dirname(link));
}

function linkTarget(link: string): string {
  return resolve(dirname(link), readlinkSync(link));
}

/** Everything of the tree's file system onto the disk: one call instead of one for every file. Source: sync(1), syncfs(2). */
function syncTree(tree: string): void {
  if (process.platform !== "win32") Bun.spawnSync(["sync", "-f", tree], { stdout: "ignore", stderr: "ignore" });
}
