// What is installed under one prefix, looked at and not changed.
import { accessSync, constants, existsSync } from "node:fs";
import { dirname } from "node:path";
import type { Collection } from "../collection.ts";
import type { InstalledWorker } from "../contract/views.ts";
import { fail } from "../errors.ts";
import { openEntries, versionsOf, type WorkerEntry } from "./entry.ts";
import { type Layout, layoutOf } from "./layout.ts";
import { linkPath, requireOurs } from "./links.ts";

export class PrefixReader {
  protected readonly layout: Layout;
  protected readonly entries: Collection<WorkerEntry>;

  constructor(
    readonly prefix: string,
    onUnreadable?: ((path: string, reason: string) => void) | undefined,
  ) {
    this.layout = layoutOf(prefix);
    this.entries = openEntries(this.layout, onUnreadable);
  }

  /** False when nothing is there yet, or only others may change it. */
  isWritable(): boolean {
    try {
      accessSync(dirname(this.layout.lock), constants.W_OK);
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
    if (!existsSync(this.layout.catalog)) return [];
    return (await this.entries.list()).flatMap(versionsOf);
  }

  /** The versions of one worker, the active one first; empty when it is not here. */
  async find(id: string): Promise<InstalledWorker[]> {
    if (!existsSync(this.layout.catalog)) return [];
    const entry = await this.entries.get(id);
    return entry ? versionsOf(entry).filter(({ tree }) => existsSync(tree)) : [];
  }

  /** @throws FOREIGN_FILE when something that is not a link of ours stands where the worker's link would go. */
  checkLink(binaryName: string): void {
    requireOurs(this.layout, linkPath(this.layout, binaryName));
  }

  /** @throws WORKER_PINNED when another version than the one of this digest must stay the active one. */
  async checkPin(id: string, digest: string): Promise<void> {
    const active = (await this.find(id)).find((version) => version.active);
    requireMovable(active, digest);
  }
}

/** @throws WORKER_PINNED. */
export function requireMovable(active: InstalledWorker | undefined, digest: string): void {
  if (active?.pinned && active.digest !== digest) throw fail("WORKER_PINNED", { id: active.id, version: active.version });
}
