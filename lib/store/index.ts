// Installed workers under one prefix: versions side by side, one of them active. Whole or absent at every moment.
//
// Installing writes tree, link, entry in this order; removing goes the other way: entry, link, tree. The entry decides: a tree that none
// names is rubbish and a link that disagrees is switched, so a crash anywhere leaves the old state or the new one and something to sweep.
import { accessSync, constants, existsSync } from "node:fs";
import { dirname } from "node:path";
import type { Collection } from "../collection.ts";
import type { Entry } from "../contract/entry.ts";
import type { InstalledVersion, InstalledWorker, MachineKind } from "../contract/views.ts";
import { fail } from "../errors.ts";
import { waitForLock } from "../lock.ts";
import { isInside } from "../paths.ts";
import { sizeOf } from "../tree.ts";
import { activeOf, openEntries, versionsOf, type WorkerEntry, withActive, without } from "./entry.ts";
import { keyOf, type Layout, layoutOf, treePath } from "./layout.ts";
import { isOurs, linkPath, linkTarget, removeLink, requireOurs, restoreLink, switchLink } from "./links.ts";
import { repairPrefix } from "./repair.ts";
import { dropTrees, type InUse, placeTree, restoreTree } from "./trees.ts";

export interface NewVersion {
  readonly entry: Entry;
  readonly digest: string;
  readonly origin: string;
  /** Laid out as a tree. Its content is moved away. */
  readonly files: string;
  readonly builtOn?: MachineKind | undefined;
}

interface Keeping {
  /** How many versions of a worker stay, the active one among them; older ones are dropped. */
  readonly keep?: number;
  readonly inUse?: InUse;
}

const NOTHING: InUse = () => false;

/** The workers installed under one prefix. */
export class PrefixStore {
  readonly #layout: Layout;
  readonly #entries: Collection<WorkerEntry>;

  constructor(
    readonly prefix: string,
    onUnreadable?: (path: string, reason: string) => void,
  ) {
    this.#layout = layoutOf(prefix);
    this.#entries = openEntries(this.#layout, onUnreadable);
  }

  /** False when nothing is there yet, or only others may change it. */
  isWritable(): boolean {
    try {
      accessSync(dirname(this.#layout.lock), constants.W_OK);
      return true;
    } catch {
      return false;
    }
  }

  /** Every version whose entry and tree are both here. */
  async list(): Promise<InstalledWorker[]> {
    return (await this.records()).filter(({ tree }) => existsSync(tree));
  }

  /** Every version that an entry names, also those whose tree is gone. */
  async records(): Promise<InstalledWorker[]> {
    if (!existsSync(this.#layout.catalog)) return [];
    return (await this.#entries.list()).flatMap(versionsOf);
  }

  /** The versions of one worker, the active one first; empty when it is not here. */
  async find(id: string): Promise<InstalledWorker[]> {
    if (!existsSync(this.#layout.catalog)) return [];
    const entry = await this.#entries.get(id);
    return entry ? versionsOf(entry).filter(({ tree }) => existsSync(tree)) : [];
  }

  /** @throws FOREIGN_FILE when something that is not a link of ours stands where the worker's link would go. */
  checkLink(binaryName: string): void {
    requireOurs(this.#layout, linkPath(this.#layout, binaryName));
  }

  /** @throws WORKER_PINNED when another version than the one of this digest must stay the active one. */
  async checkPin(id: string, digest: string): Promise<void> {
    requireMovable(
      (await this.find(id)).find(({ active }) => active),
      digest,
    );
  }

  /**
   * Puts a new version beside those that are here. It is not installed before {@link record}.
   * @throws PACKAGE_INVALID when there is no program of the entry's name, or what the file system says; then nothing of it is left.
   */
  async place(version: NewVersion, { signal }: { signal?: AbortSignal | undefined } = {}): Promise<InstalledVersion> {
    using _lock = await this.#lock(signal);
    const { entry, digest } = version;
    const tree = treePath(this.#layout, entry, digest);
    const files = await placeTree(tree, { id: entry.id, binaryName: entry.binary_name, from: version.files }, signal);
    return this.#describe(version, tree, files);
  }

  /** Points the link at a version. @throws FOREIGN_FILE. */
  async link(version: InstalledVersion): Promise<void> {
    using _lock = await this.#lock();
    requireOurs(this.#layout, version.binary);
    switchLink(version);
  }

  /** From here on the version is installed, and the active one. Versions beyond the limit are dropped, and links of former names. */
  async record(version: InstalledVersion, { keep = 2, inUse = NOTHING }: Keeping = {}): Promise<void> {
    using _lock = await this.#lock();
    const before = await this.#entries.get(version.id);
    await this.#settle(before, withActive(before, version, keep), inUse);
  }

  /** Takes back what {@link place} and {@link link} did when {@link record} was not reached: all is as the entry says. */
  async takeBack({ id, tree, binary }: InstalledVersion, inUse: InUse = NOTHING): Promise<void> {
    using _lock = await this.#lock();
    const entry = await this.#entries.get(id);
    if (entry?.versions.some((version) => version.tree === tree)) restoreTree(tree);
    const active = entry && activeOf(entry);
    if (active && existsSync(active.tree)) restoreLink(this.#layout, active);
    if (active?.binary !== binary && isOurs(this.#layout, binary) && isInside(treeRoot(tree), linkTarget(binary)))
      removeLink(this.#layout, binary);
    this.#sweep(id, entry, inUse);
  }

  /** Makes a version that is here the active one. @throws WORKER_NOT_INSTALLED, WORKER_PINNED, FOREIGN_FILE. */
  async use({ id, digest, tree }: InstalledVersion): Promise<void> {
    using _lock = await this.#lock();
    const entry = await this.#entries.get(id);
    const version = entry?.versions.find((each) => each.tree === tree && existsSync(tree));
    if (!entry || !version) throw fail("WORKER_NOT_INSTALLED", { id: `${id}@${keyOf({ tree })}` });
    requireMovable(versionsOf(entry)[0], digest);
    requireOurs(this.#layout, version.binary);
    switchLink(version);
    try {
      await this.#settle(entry, { ...entry, active: keyOf(version) }, NOTHING);
    } catch (error) {
      const former = activeOf(entry);
      if (former) restoreLink(this.#layout, former);
      throw error;
    }
  }

  /** Holds the active version, or lets go of it. @throws WORKER_NOT_INSTALLED. */
  async pin(id: string, pinned: boolean): Promise<void> {
    using _lock = await this.#lock();
    const entry = await this.#entries.get(id);
    if (!entry) throw fail("WORKER_NOT_INSTALLED", { id });
    if (entry.pinned !== pinned) await this.#entries.set(id, { ...entry, pinned });
  }

  /** Removes versions of one worker: from the entry, their link, their trees, in this order. Returns the bytes that were freed. */
  async remove(id: string, versions: readonly InstalledVersion[]): Promise<number> {
    using _lock = await this.#lock();
    const bytes = versions.reduce((sum, { tree }) => sum + sizeOf(tree), 0);
    const before = await this.#entries.get(id);
    const rest = before && without(before, new Set(versions.map(keyOf)));
    const active = rest && activeOf(rest);
    if (rest) await this.#entries.set(id, rest);
    else await this.#entries.remove(id);
    if (active) restoreLink(this.#layout, active);
    for (const { binary } of versions) if (binary !== active?.binary) removeLink(this.#layout, binary);
    this.#sweep(id, rest, NOTHING);
    return bytes;
  }

  async touch({ id, tree }: InstalledVersion, lastUsedAt: number): Promise<void> {
    using _lock = await this.#lock();
    const entry = await this.#entries.get(id);
    if (!entry) return;
    const versions = entry.versions.map((version) => (version.tree === tree ? { ...version, last_used_at: lastUsedAt } : version));
    await this.#entries.set(id, { ...entry, versions });
  }

  /** Brings what a crash left into agreement. Returns what it did, in words. */
  async repair(inUse: InUse = NOTHING): Promise<string[]> {
    if (!existsSync(this.#layout.workers)) return [];
    using _lock = await this.#lock();
    return repairPrefix(this.#layout, this.#entries, inUse);
  }

  /** Writes an entry; what only the former one named goes. */
  async #settle(before: WorkerEntry | undefined, after: WorkerEntry, inUse: InUse): Promise<void> {
    await this.#entries.set(after.id, after);
    const former = before && activeOf(before);
    if (former && former.binary !== activeOf(after)?.binary) removeLink(this.#layout, former.binary);
    this.#sweep(after.id, after, inUse);
  }

  #sweep(id: string, entry: WorkerEntry | undefined, inUse: InUse): void {
    dropTrees(this.#layout, id, new Set(entry?.versions.map(({ tree }) => tree)), inUse);
  }

  #describe({ entry, digest, origin, builtOn }: NewVersion, tree: string, files: number): InstalledVersion {
    const { id, name, version, worker_type } = entry;
    const place = { binary: linkPath(this.#layout, entry.binary_name), tree, prefix: this.prefix };
    const built = builtOn ? { built_on: builtOn } : {};
    return {
      id,
      name,
      version,
      worker_type,
      digest,
      origin,
      ...place,
      size_bytes: sizeOf(tree),
      files,
      installed_at: Date.now(),
      ...built,
      entry,
    };
  }

  #lock(signal?: AbortSignal) {
    return waitForLock(this.#layout.lock, { signal });
  }
}

/** The directory of a worker, with all its trees. */
function treeRoot(tree: string): string {
  return tree.slice(0, -keyOf({ tree }).length - 1);
}

function requireMovable(active: InstalledWorker | undefined, digest: string): void {
  if (active?.pinned && active.digest !== digest) throw fail("WORKER_PINNED", { id: active.id, version: active.version });
}
