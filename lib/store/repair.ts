// What a crash left under a prefix is brought into agreement with the entries: they decide.
import { existsSync, lstatSync, readdirSync } from "node:fs";
import type { Collection } from "../collection.ts";
import { activeOf, type WorkerEntry, without } from "./entry.ts";
import { keyOf, type Layout } from "./layout.ts";
import { isOurs, linkTarget, programOf, removeDeadLinks, switchLink } from "./links.ts";
import { dropTrees, type InUse, restoreTree } from "./trees.ts";

/** Finishes interrupted replacements, drops versions whose tree is gone, restores links, sweeps what no entry names. Returns what it did, in words. */
export async function repairPrefix(layout: Layout, entries: Collection<WorkerEntry>, inUse: InUse): Promise<string[]> {
  const done: string[] = [];
  const trees = new Map<string, Set<string>>();
  for (const entry of await entries.list()) {
    const whole = await repairVersions(entry, entries, done);
    if (!whole) continue;
    repairLink(layout, whole, done);
    trees.set(entry.id, new Set(whole.versions.map(({ tree }) => tree)));
  }
  for (const id of readdirSync(layout.workers)) {
    const dropped = await dropTrees(layout, id, trees.get(id) ?? new Set(), inUse);
    done.push(...dropped.map((tree) => `swept ${tree}`));
  }
  return [...done, ...removeDeadLinks(layout)];
}

/** The entry without versions whose tree is gone; undefined when none is left. */
async function repairVersions(entry: WorkerEntry, entries: Collection<WorkerEntry>, done: string[]): Promise<WorkerEntry | undefined> {
  for (const { tree } of entry.versions) if (!existsSync(tree)) restoreTree(tree);
  const lost = entry.versions.filter(({ tree }) => !existsSync(tree));
  if (lost.length === 0) return entry;
  for (const { tree, version } of lost) done.push(`dropped the entry of ${entry.id} ${version}: its tree ${tree} is gone`);
  const rest = without(entry, new Set(lost.map(keyOf)));
  if (rest) await entries.set(entry.id, rest);
  else await entries.remove(entry.id);
  return rest;
}

function repairLink(layout: Layout, entry: WorkerEntry, done: string[]): void {
  const active = activeOf(entry);
  if (!active) return;
  const link = active.binary;
  const present = lstatSync(link, { throwIfNoEntry: false });
  if (present && !isOurs(layout, link)) done.push(`${link} is not a link of rbee any more: left alone`);
  else if (!present || linkTarget(link) !== programOf(active)) {
    switchLink(active);
    done.push(`restored the link ${link}`);
  }
}
