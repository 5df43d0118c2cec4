// disk_usage and prune: what rbee holds on disk, and what of it can go: caches, and versions that are kept for a rollback.
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type { Input, Output } from "../../lib/contract/operations.ts";
import type { InstalledWorker } from "../../lib/contract/views.ts";
import { measure } from "../../lib/disk-usage.ts";
import type { Paths } from "../../lib/paths.ts";
import { clearTree } from "../../lib/tree.ts";
import type { Hive } from "../hive.ts";
import type { JobContext } from "../job.ts";

interface Place {
  readonly what: string;
  readonly path: string;
  readonly remove?: () => unknown;
}

/** Caches: whatever is taken from here is fetched or built again when it is needed. */
function caches({ cache }: Paths): Place[] {
  const places = [
    { what: "sources", path: join(cache, "sources") },
    { what: "packages", path: join(cache, "bun") },
    { what: "built workers", path: join(cache, "built") },
  ];
  return places.map((place) => ({ ...place, remove: () => empty(place.path) }));
}

const nameOf = ({ id, version, active }: InstalledWorker) => `worker ${id} ${version}${active ? "" : ", kept for a rollback"}`;

/** Versions that nothing runs from, under prefixes that we may change. */
function formerVersions(hive: Hive, versions: readonly InstalledWorker[]): Place[] {
  const former = versions.filter(
    ({ active, tree, prefix }) => !active && hive.supervisor.usersOf(tree).length === 0 && hive.stores.at(prefix).isWritable(),
  );
  return former.map((version) => ({
    ...{ what: nameOf(version), path: version.tree },
    remove: () => hive.stores.at(version.prefix).remove(version.id, [version]),
  }));
}

async function prunable(hive: Hive): Promise<Place[]> {
  return [...formerVersions(hive, await hive.stores.versions()), ...caches(hive.paths)];
}

export async function diskUsage(hive: Hive, job: JobContext): Promise<Output<"disk_usage">> {
  const { paths } = hive;
  const can = await prunable(hive);
  const workers = (await hive.stores.versions()).map((version) => ({ what: nameOf(version), path: version.tree }));
  const models = (await hive.models.list()).map(({ id, path }) => ({ what: `model ${id}`, path }));
  const rest = [
    { what: "builds", path: join(paths.cache, "build") },
    { what: "uploads", path: join(paths.data, "uploads") },
    { what: "jobs", path: join(paths.state, "jobs") },
    { what: "processes", path: join(paths.state, "processes") },
  ];
  const stays = [...workers, ...models, ...rest].filter(({ path }) => can.every((place) => place.path !== path));
  const held = await measureAll(stays, false, job.signal);
  const places = [...held, ...(await measureAll(can, true, job.signal))].filter(({ bytes }) => bytes > 0);
  return { places, total_bytes: total(places), prunable_bytes: total(places.filter(({ prunable: isPrunable }) => isPrunable)) };
}

/** Runs alone: a build that runs reads from the caches. */
export async function prune(hive: Hive, job: JobContext, { dry_run = false }: Input<"prune">): Promise<Output<"prune">> {
  const can = await prunable(hive);
  const places = (await measureAll(can, true, job.signal)).filter(({ bytes }) => bytes > 0);
  if (!dry_run) {
    job.signal.throwIfAborted();
    for (const { remove } of can) await remove?.();
  }
  return { dry_run, places, freed_bytes: total(places) };
}

async function measureAll(places: readonly Place[], prunable: boolean, signal: AbortSignal) {
  return Promise.all(places.map(async ({ what, path }) => ({ what, path, ...(await measure(path, signal)), prunable })));
}

function total(places: readonly { readonly bytes: number }[]): number {
  return places.reduce((sum, { bytes }) => sum + bytes, 0);
}

async function empty(directory: string): Promise<void> {
  if (!existsSync(directory)) return;
  for (const name of readdirSync(directory)) await clearTree(join(directory, name));
}
