// disk_usage and prune: what rbee holds on disk, and what of it can be had again for the asking.
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type { Input, Output } from "../../lib/contract/operations.ts";
import { measure } from "../../lib/disk-usage.ts";
import type { Paths } from "../../lib/paths.ts";
import { removeTree } from "../../lib/tree.ts";
import type { Hive } from "../hive.ts";
import type { JobContext } from "../job.ts";

interface Place {
  readonly what: string;
  readonly path: string;
}

/** Caches: whatever is taken from here is fetched or built again when it is needed. */
function caches({ cache }: Paths): Place[] {
  return [
    { what: "sources", path: join(cache, "sources") },
    { what: "packages", path: join(cache, "bun") },
  ];
}

export async function diskUsage(hive: Hive, job: JobContext): Promise<Output<"disk_usage">> {
  const { paths } = hive;
  const workers = (await hive.stores.list()).map(({ id, version, tree }) => ({ what: `worker ${id} ${version}`, path: tree }));
  const models = (await hive.models.list()).map(({ id, path }) => ({ what: `model ${id}`, path }));
  const rest = [
    { what: "builds", path: join(paths.cache, "build") },
    { what: "uploads", path: join(paths.data, "uploads") },
    { what: "jobs", path: join(paths.state, "jobs") },
    { what: "processes", path: join(paths.state, "processes") },
  ];
  const held = await measureAll([...workers, ...models, ...rest], false, job.signal);
  const places = [...held, ...(await measureAll(caches(paths), true, job.signal))].filter(({ bytes }) => bytes > 0);
  return { places, total_bytes: total(places), prunable_bytes: total(places.filter(({ prunable }) => prunable)) };
}

/** Runs alone: a build that runs reads from the caches. */
export async function prune(hive: Hive, job: JobContext, { dry_run = false }: Input<"prune">): Promise<Output<"prune">> {
  const places = (await measureAll(caches(hive.paths), true, job.signal)).filter(({ bytes }) => bytes > 0);
  if (!dry_run) {
    job.signal.throwIfAborted();
    for (const { path } of places) empty(path);
  }
  return { dry_run, places, freed_bytes: total(places) };
}

async function measureAll(places: readonly Place[], prunable: boolean, signal: AbortSignal) {
  return Promise.all(places.map(async (place) => ({ ...place, ...(await measure(place.path, signal)), prunable })));
}

function total(places: readonly { readonly bytes: number }[]): number {
  return places.reduce((sum, { bytes }) => sum + bytes, 0);
}

function empty(directory: string): void {
  if (!existsSync(directory)) return;
  for (const name of readdirSync(directory)) removeTree(join(directory, name));
}
