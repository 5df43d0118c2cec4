// The entry of a worker: its versions under one prefix, and which of them is the active one. What it does not name is not installed.
import { existsSync } from "node:fs";
import { z } from "zod";
import { type Collection, openCollection } from "../collection.ts";
import { InstalledVersion, type InstalledWorker } from "../contract/views.ts";
import { keyOf, type Layout } from "./layout.ts";

export const WorkerEntry = z.object({
  id: z.string(),
  /** The {@link keyOf} the version that the link leads to. */
  active: z.string(),
  pinned: z.boolean(),
  versions: z.array(InstalledVersion).min(1),
});
export type WorkerEntry = z.infer<typeof WorkerEntry>;

/** The first format held one version, which was the active one. */
function fromOneVersion(value: unknown): unknown {
  const version = value as InstalledVersion;
  return { id: version.id, active: keyOf(version), pinned: false, versions: [version] };
}

export function openEntries({ catalog }: Layout, onUnreadable?: (path: string, reason: string) => void): Collection<WorkerEntry> {
  return openCollection(catalog, WorkerEntry, { onUnreadable, steps: [fromOneVersion], keepsRead: true });
}

/** The versions of an entry as everybody sees them: the active one, then the newest first. */
export function versionsOf({ versions, active, pinned }: WorkerEntry): InstalledWorker[] {
  const seen = versions.map((version) => ({ ...version, active: keyOf(version) === active, pinned }));
  return seen.sort((a, b) => Number(b.active) - Number(a.active) || b.installed_at - a.installed_at);
}

/** The entry with `version` as the active one; `keep` stay in all: the one that was active before any other, then the newest. */
export function withActive(entry: WorkerEntry | undefined, version: InstalledVersion, keep: number): WorkerEntry {
  const others = (entry?.versions ?? []).filter((other) => keyOf(other) !== keyOf(version) && existsSync(other.tree));
  const rank = (other: InstalledVersion) => (keyOf(other) === entry?.active ? Number.POSITIVE_INFINITY : other.installed_at);
  const kept = others.sort((a, b) => Math.sign(rank(b) - rank(a))).slice(0, Math.max(0, keep - 1));
  return { id: version.id, active: keyOf(version), pinned: entry?.pinned ?? false, versions: [version, ...kept] };
}

/** The entry without some versions; when the active one is among them the newest of the others is, and no pin holds it. Undefined when none is left. */
export function without(entry: WorkerEntry, keys: ReadonlySet<string>): WorkerEntry | undefined {
  const versions = entry.versions.filter((version) => !keys.has(keyOf(version)));
  if (!keys.has(entry.active)) return versions.length > 0 ? { ...entry, versions } : undefined;
  const newest = versions.toSorted((a, b) => b.installed_at - a.installed_at)[0];
  return newest && { ...entry, active: keyOf(newest), pinned: false, versions };
}

export function activeOf({ versions, active }: WorkerEntry): InstalledVersion | undefined {
  return versions.find((version) => keyOf(version) === active);
}
