// Which process answers for a model: one that runs it, else one that is started, once for all who ask at the same time.
import type { WorkerProcess } from "../lib/contract/views.ts";
import { fail } from "../lib/errors.ts";
import { choose } from "./choose.ts";
import type { Hive } from "./hive.ts";

const starting = new WeakMap<Hive, Map<string, Promise<WorkerProcess>>>();

/**
 * A ready process for the model; without a name any ready one will do.
 * @throws MODEL_NOT_FOUND, NO_WORKER_INSTALLED, NOTHING_FITS, SPAWN_FAILED. `onNote` is told what was picked.
 */
export async function ensureReady(
  hive: Hive,
  ref: string | undefined,
  { onNote, signal }: { onNote?: (message: string) => void; signal: AbortSignal },
): Promise<WorkerProcess> {
  const ready = findReady(hive, ref);
  if (ready) return ready;
  const model = ref === undefined ? undefined : await hive.models.get(ref);
  const key = model?.id ?? "";
  const loads = starting.get(hive) ?? new Map<string, Promise<WorkerProcess>>();
  starting.set(hive, loads);
  let load = loads.get(key);
  if (!load) {
    const choice = choose({ model }, await hive.stores.list(), await hive.models.list());
    for (const reason of choice.reasons) onNote?.(reason);
    // The first who asked may go away while others wait: the start is the hive's, bounded by its own limit.
    load = hive.supervisor.spawn({ ...choice, args: [], signal: AbortSignal.timeout(START_MS) }).finally(() => loads.delete(key));
    loads.set(key, load);
  }
  return Promise.race([load, aborted(signal)]);
}

const START_MS = 300_000;

function findReady(hive: Hive, ref: string | undefined): WorkerProcess | undefined {
  const ready = hive.supervisor.running().filter(({ state }) => state === "ready");
  if (ref === undefined) return ready.at(-1);
  return ready.findLast(({ model, worker_id }) => model === ref || (model === undefined && worker_id === ref));
}

function aborted(signal: AbortSignal): Promise<never> {
  const { promise, reject } = Promise.withResolvers<never>();
  if (signal.aborted) reject(signal.reason);
  signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  return promise;
}

/** Asks a process with the key that only the hive knows. @throws WORKER_FAILED when it does not answer at all. */
export async function askProcess(
  hive: Hive,
  process: WorkerProcess,
  path: string,
  init: RequestInit & { headers?: Headers },
): Promise<Response> {
  const { url, token } = hive.supervisor.access(process.id);
  const headers = new Headers(init.headers);
  headers.set("authorization", `Bearer ${token}`);
  try {
    return await fetch(`${url}${path}`, { ...init, headers });
  } catch (error) {
    init.signal?.throwIfAborted();
    throw fail("WORKER_FAILED", { worker: process.worker_id, process: process.id, reason: (error as Error).message }, { cause: error });
  }
}
