// Memory for a worker that is about to start: what it needs, what is free, who makes way.

import { settingsFrom } from "../../lib/config.ts";
import type { Model, WorkerProcess } from "../../lib/contract/views.ts";
import { fail } from "../../lib/errors.ts";
import { availableMemory } from "../../lib/machine/capabilities.ts";
import { readGguf } from "../../lib/model/gguf.ts";
import { memoryNeeded } from "../../lib/model/memory.ts";
import { formatBytes } from "../../lib/units.ts";
import type { Hive } from "../hive.ts";
import { lookOnce } from "../operations/hive-check.ts";
import { kindOf, memoryAt, overlap } from "./device.ts";
import { isRunning } from "./record.ts";

/** Engines start with a context of about this many tokens when nobody says otherwise. */
const USUAL_CONTEXT = 8_192;

export interface Need {
  readonly bytes: number;
  /** Whose memory is meant: `cpu`, `cuda`, `cuda:0`. */
  readonly place: string;
}

/** What a model will take, estimated from its header. */
export function needOf(model: Model | undefined): number {
  if (!model) return 0;
  const context = Math.min(model.context_length ?? USUAL_CONTEXT, USUAL_CONTEXT);
  return memoryNeeded(model.size_bytes, context, model.format === "gguf" ? readGguf(model.path).metadata : undefined);
}

/**
 * Makes sure that there is room, by the setting `low_memory`: `evict` (the default) unloads workers that nobody asks, the least recently used first;
 * `refuse` unloads none; `ignore` does not look.
 * @throws MEMORY_SHORT when there is still too little.
 */
export async function makeRoom(hive: Hive, need: Need, what: string, onNote?: (message: string) => void): Promise<void> {
  const { low_memory: policy, worker_memory: limit } = settingsFrom(hive.paths, hive.env);
  if (policy === "ignore" || need.bytes === 0) return;
  for (;;) {
    const free = await freeMemory(hive, need.place, limit);
    if (free === undefined || need.bytes <= free) return;
    const victim = policy === "evict" ? leastRecentlyUsed(hive, limit === undefined ? need.place : undefined) : undefined;
    if (!victim || !(await hive.supervisor.unload(victim.id, `made room for ${what}`)))
      throw fail("MEMORY_SHORT", { what, needed: formatBytes(need.bytes), free: formatBytes(Math.max(0, free)) });
    onNote?.(`Unloaded process ${victim.id} (${victim.model ?? victim.worker_id}) to make room`);
  }
}

/** True when it fits beside what runs; also where nobody can say, or is asked to look. */
export async function hasRoom(hive: Hive, need: Need): Promise<boolean> {
  const { low_memory: policy, worker_memory: limit } = settingsFrom(hive.paths, hive.env);
  if (policy === "ignore" || need.bytes === 0) return true;
  const free = await freeMemory(hive, need.place, limit);
  return free === undefined || need.bytes <= free;
}

/** Bytes; undefined where nobody can say. The setting `worker_memory` bounds what all workers take together. */
async function freeMemory(hive: Hive, place: string, limit: number | undefined): Promise<number | undefined> {
  const running = hive.supervisor.list().filter(isRunning);
  const takenBy = (workers: readonly WorkerProcess[]) => workers.reduce((sum, { needs_bytes }) => sum + (needs_bytes ?? 0), 0);
  if (limit !== undefined) return limit - takenBy(running);

  const sharing = running.filter(({ device }) => overlap(device ?? "cpu", place));
  // The system does not count yet what those that load now will take.
  if (kindOf(place) === "cpu") return availableMemory() - takenBy(sharing.filter(({ state }) => state === "starting"));
  const all = memoryAt(place, (await lookOnce(hive)).devices);
  return all === undefined ? undefined : all - takenBy(sharing);
}

/** Of those whose end would free memory at the place; undefined: of all. */
function leastRecentlyUsed(hive: Hive, place: string | undefined): WorkerProcess | undefined {
  const usedAt = ({ last_used_at, started_at }: WorkerProcess) => last_used_at ?? started_at;
  return hive.supervisor
    .list()
    .filter(({ state, needs_bytes }) => (state === "ready" || state === "idle") && (needs_bytes ?? 0) > 0)
    .filter(({ device }) => place === undefined || overlap(device ?? "cpu", place))
    .sort((a, b) => usedAt(a) - usedAt(b))[0];
}
