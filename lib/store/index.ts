// Installed workers under one prefix: versions side by side, one of them active. Whole or absent at every moment.
//
// Installing writes tree, link, entry in this order; removing goes the other way: entry, link, tree. The entry decides: a tree that none
// names is rubbish and a link that disagrees is switched, so a crash anywhere leaves the old state or the new one and something to sweep.
import { existsSync } from "node:fs";
import type { Entry } from "../contract/entry.ts";
import type { InstalledVersion, MachineKind } from "../contract/views.ts";
import { fail } from "../errors.ts";
import { waitForLock } from "../lock.ts";
import { isInside } from "../paths.ts";
import { sizeOf } from "../tree.ts";
import { activeOf, versionsOf, type WorkerEntry, withActive, without } from "./entry.ts";
import { keyOf, treePath } from "./layout.ts";
import { isOurs, linkPath, linkTarget, removeLink, requireOurs, restoreLink, switchLink } from "./links.ts";
import { PrefixReader, requireMovable } from "./reader.ts";
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

interface StoreOptions {
  readonly onUnreadable?: ((path: string, reason: string) => void) | undefined;
  /** Says whether a process needs a tree: what no entry names any more stays until none does. */
  readonly inUse?: InUse;
}

/** Changes what is installed under one prefix. One value for each prefix of a process: it knows what it is putting in place. */
export class PrefixStore extends PrefixReader {
  readonly #inUse: InUse;
  /** Trees that are placed and not recorded yet: no sweep of ours takes them. */
  readonly #placing = new Set<string>();

  constructor(prefix: string, { onUnreadable, inUse = () => false }: StoreOptions = {}) {
    super(prefix, onUnreadable);
    this.#inUse = (tree) => this.#placing.has(tree) || inUse(tree);
  }

  /**
   * Puts a new version beside those that are here. It is not installed before {@link record}.
   * @throws PACKAGE_INVALID when there is no program of the entry's name, or what the file system says; then nothing of it is left.
   */
  async place(version: NewVersion, { signal }: { signal?: AbortSignal | undefined } = {}): Promise<InstalledVersion> {
    using _lock = await this.#lock(signal);
    const { entry, digest } = version;
    const tree = treePath(this.layout, entry, digest);
    const files = await placeTree(tree, { id: entry.id, binaryName: entry.binary_name, from: version.files }, signal);
    this.#placing.add(tree);
    return this.#describe(version, tree, files);
  }

  /** Points the link at a version. @throws FOREIGN_FILE. */
  async link(version: InstalledVersion): Promise<void> {
    using _lock = await this.#lock();
    requireOurs(this.layout, version.binary);
    switchLink(version);
  }

  /** From here on the version is installed, and the active one. Of all versions `keep` stay; links of former names are removed. */
  async record(version: InstalledVersion, { keep = 2 } = {}): Promise<void> {
    using _lock = await this.#lock();
    const { id, tree } = version;
    if (!existsSync(tree)) throw fail("PACKAGE_INVALID", { id, reason: "another rbee has swept it away before it was recorded" });
    const before = await this.entries.get(id);
    await this.#settle(before, withActive(before, version, keep));
    this.#placing.delete(tree);
  }

  /** Takes back what {@link place} and {@link link} did when {@link record} was not reached: all is as the entry says. */
  async takeBack({ id, tree, binary }: InstalledVersion): Promise<void> {
    using _lock = await this.#lock();
    this.#placing.delete(tree);
    const entry = await this.entries.get(id);
    if (entry?.versions.some((version) => version.tree === tree)) restoreTree(tree);
    const active = entry && activeOf(entry);
    if (active && existsSync(active.tree)) restoreLink(this.layout, active);
    if (active?.binary !== binary && isOurs(this.layout, binary) && isInside(treeRoot(tree), linkTarget(binary)))
      removeLink(this.layout, binary);
    await this.#sweep(id, entry);
  }

  /** Makes a version that is here the active one. @throws WORKER_NOT_INSTALLED, WORKER_PINNED, FOREIGN_FILE. */
  async use({ id, digest, tree }: InstalledVersion): Promise<void> {
    using _lock = await this.#lock();
    const entry = await this.entries.get(id);
    const version = entry?.versions.find((each) => each.tree === tree && existsSync(tree));
    if (!entry || !version) throw fail("WORKER_NOT_INSTALLED", { id: `${id}@${keyOf({ tree })}` });
    requireMovable(versionsOf(entry)[0], digest);
    requireOurs(this.layout, version.binary);
    switchLink(version);
    try {
      await this.#settle(entry, { ...entry, active: keyOf(version) });
    } catch (error) {
      const former = activeOf(entry);
      if (former) restoreLink(this.layout, former);
      throw error;
    }
  }

  /** Holds the active version, or lets go of it. @throws WORKER_NOT_INSTALLED. */
  async pin(id: string, pinned: boolean): Promise<void> {
    using _lock = await this.#lock();
    const entry = await this.entries.get(id);
    if (!entry) throw fail("WORKER_NOT_INSTALLED", { id });
    if (entry.pinned !== pinned) await this.entries.set(id, { ...entry, pinned });
  }

  /** Removes versions of one worker: from the entry, their link, their trees, in this order. Returns the bytes that were freed. */
  async remove(id: string, versions: readonly InstalledVersion[]): Promise<number> {
    using _lock = await this.#lock();
    const bytes = versions.reduce((sum, { tree }) => sum + sizeOf(tree), 0);
    const before = await this.entries.get(id);
    const rest = before && without(before, new Set(versions.map(keyOf)));
    const active = rest && activeOf(rest);
    if (rest) await this.entries.set(id, rest);
    else await this.entries.remove(id);
    if (active) restoreLink(this.layout, active);
    for (const { binary } of versions) if (binary !== active?.binary) removeLink(this.layout, binary);
    await this.#sweep(id, rest);
    return bytes;
  }

  async touch({ id, tree }: InstalledVersion, lastUsedAt: number): Promise<void> {
    using _lock = await this.#lock();
    const entry = await this.entries.get(id);
    if (!entry) return;
    const versions = entry.versions.map((version) => (version.tree === tree ? { ...version, last_used_at: lastUsedAt } : version));
    await this.entries.set(id, { ...entry, versions });
  }

  /** Brings what a crash left into agreement. Returns what it did, in words. */
  async repair(): Promise<string[]> {
    if (!existsSync(this.layout.workers)) return [];
    using _lock = await this.#lock();
    return repairPrefix(this.layout, this.entries, this.#inUse);
  }

  /** Writes an entry; what only the former one named goes. */
  async #settle(before: WorkerEntry | undefined, after: WorkerEntry): Promise<void> {
    await this.entries.set(after.id, after);
    const former = before && activeOf(before);
    if (former && former.binary !== activeOf(after)?.binary) removeLink(this.layout, former.binary);
    await this.#sweep(after.id, after);
  }

  async #sweep(id: string, entry: WorkerEntry | undefined): Promise<void> {
    await dropTrees(this.layout, id, new Set(entry?.versions.map(({ tree }) => tree)), this.#inUse);
  }

  #describe({ entry, digest, origin, builtOn }: NewVersion, tree: string, files: number): InstalledVersion {
    const { id, name, version, worker_type } = entry;
    const place = { binary: linkPath(this.layout, entry.binary_name), tree, prefix: this.prefix };
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
    return waitForLock(this.layout.lock, { signal });
  }
}

/** The directory of a worker, with all its trees. */
function treeRoot(tree: string): string {
  return tree.slice(0, -keyOf({ tree }).length - 1);
}
