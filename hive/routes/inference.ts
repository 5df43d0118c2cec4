// Which process answers for a model: the least busy one that runs it, else one that is started, once for all who ask at the same time.
import type { WorkerProcess } from "../../lib/contract/views.ts";
import { pause } from "../../lib/download/pause.ts";
import { fail } from "../../lib/errors.ts";
import type { Hive } from "../hive.ts";
import { lookOnce } from "../operations/hive-check.ts";
import { choose, TEXT } from "../worker/choose.ts";
import type { Turn } from "../worker/queue.ts";
import { isReady } from "../worker/record.ts";
import { makeRoom, needOf } from "../worker/room.ts";

export interface Asking {
  /** The interface that is asked for; text when not named. */
  readonly api?: string;
  /** Told what was picked. */
  readonly onNote?: (message: string) => void;
  readonly signal: AbortSignal;
}

const loads = new WeakMap<Hive, Map<string, Promise<WorkerProcess>>>();

/**
 * A ready process for the model; without a name any ready one will do.
 * @throws MODEL_NOT_FOUND, NO_WORKER_INSTALLED, NOTHING_FITS, MEMORY_SHORT, SPAWN_FAILED.
 */
async function ensureReady(hive: Hive, ref: string | undefined, asking: Asking): Promise<WorkerProcess> {
  const api = asking.api ?? TEXT;
  const ready = leastBusy(hive, candidates(hive, api, ref).filter(isReady));
  if (ready) return ready;
  // An exact name needs no look into the records.
  const model = ref === undefined ? undefined : await findModel(hive, api, ref);
  const known = leastBusy(hive, candidates(hive, api, model ?? ref).filter(isReady));
  if (known) return known;
  const key = `${api} ${model ?? ref ?? ""}`;
  const mine = loads.get(hive) ?? new Map<string, Promise<WorkerProcess>>();
  loads.set(hive, mine);
  let load = mine.get(key);
  if (!load) {
    load = start(hive, api, model, asking.onNote).finally(() => mine.delete(key));
    mine.set(key, load);
  }
  return Promise.race([load, aborted(asking.signal)]);
}

export interface Asked {
  readonly process: WorkerProcess;
  readonly response: Response;
  /** Gives the turn back; whoever got the answer calls it when that is over. */
  readonly leave: () => void;
}

/** How often, and how far apart in milliseconds, a worker is looked for again that is no more where it was. */
const [LOOKS, LOOK_PAUSE_MS] = [40, 50];

/**
 * Asks a process when its turn comes. A worker that ended while others were before us is waited for again, as long as our question has not reached it.
 * @throws what {@link ensureReady}, the supervisor's `enter` and {@link askProcess} throw.
 */
export async function askInTurn(
  hive: Hive,
  ref: string | undefined,
  asking: Asking & Turn,
  ask: (process: WorkerProcess) => Promise<Response>,
): Promise<Asked> {
  for (let look = 1; ; look++) {
    const { id } = await ensureReady(hive, ref, asking);
    const leave = await hive.supervisor.enter(id, asking);
    try {
      const process = hive.supervisor.get(id);
      if (isReady(process)) return { process, leave, response: await ask(process) };
      leave();
    } catch (error) {
      leave();
      if (!isRefused(error) || look === LOOKS) throw error;
      await pause(LOOK_PAUSE_MS, asking.signal);
    }
  }
}

/** Nobody listened: not a byte of the question was taken. */
function isRefused(error: unknown): boolean {
  return ((error as { cause?: { code?: unknown } } | null)?.cause?.code ?? "") === "ECONNREFUSED";
}

/** The id of the model that a request names; undefined when it names a worker that runs without one. @throws MODEL_NOT_FOUND. */
async function findModel(hive: Hive, api: string, ref: string): Promise<string | undefined> {
  if (candidates(hive, api, ref).length > 0) return hive.supervisor.list().some(({ model }) => model === ref) ? ref : undefined;
  return (await hive.models.get(ref)).id;
}

/** The first who asked may go away while others wait: the start is the hive's, bounded by its own limit. */
async function start(hive: Hive, api: string, modelId: string | undefined, onNote: Asking["onNote"]): Promise<WorkerProcess> {
  const signal = new AbortController().signal;
  const waiting = candidates(hive, api, modelId);
  const underWay = waiting.find(({ state }) => state === "starting" || state === "restarting");
  if (underWay) return hive.supervisor.whenReady(underWay.id, { signal });
  const unloaded = waiting.findLast(({ state }) => state === "unloaded");
  if (unloaded && (modelId === undefined || unloaded.model === modelId)) {
    await makeRoom(
      hive,
      { bytes: unloaded.needs_bytes ?? 0, place: unloaded.device ?? "cpu" },
      unloaded.model ?? unloaded.worker_id,
      onNote,
    );
    return hive.supervisor.whenReady(unloaded.id, { signal });
  }
  const model = modelId === undefined ? undefined : await hive.models.get(modelId);
  const { devices } = await lookOnce(hive);
  const choice = choose({ model, api }, { workers: await hive.stores.list(), models: await hive.models.list(), devices });
  for (const reason of choice.reasons) onNote?.(reason);
  const memoryBytes = needOf(choice.model);
  await makeRoom(hive, { bytes: memoryBytes, place: choice.worker.worker_type }, choice.model?.id ?? choice.worker.id, onNote);
  return hive.supervisor.spawn({ ...choice, args: [], memoryBytes, signal });
}

/** Processes that can answer for a model, or for a worker that runs without one; without a name all. */
function candidates(hive: Hive, api: string, ref: string | undefined): WorkerProcess[] {
  const all = hive.supervisor
    .list()
    .filter(({ state, id }) => !["stopping", "stopped", "crashed"].includes(state) && hive.supervisor.access(id).api === api);
  return ref === undefined ? all : all.filter(({ model, worker_id }) => model === ref || (model === undefined && worker_id === ref));
}

/** The newest of those with the fewest requests. */
function leastBusy(hive: Hive, processes: readonly WorkerProcess[]): WorkerProcess | undefined {
  let best: { process: WorkerProcess; load: number } | undefined;
  for (const process of processes) {
    const load = hive.supervisor.loadOf(process.id);
    if (!best || load <= best.load) best = { process, load };
  }
  return best?.process;
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
