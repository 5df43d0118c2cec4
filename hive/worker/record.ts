// What is known of a worker process: what everybody may see, what only the hive knows, and how to start it again.
import { basename, dirname } from "node:path";
import { z } from "zod";
import { type InstalledWorker, type Model, WorkerProcess } from "../../lib/contract/views.ts";
import { environmentOf, isAlive, listProcesses } from "../../lib/process/table.ts";
import { ProcessTree } from "../../lib/process-group.ts";
import { programOf } from "../../lib/store/links.ts";
import { placeOf } from "./device.ts";

export type WorkerState = WorkerProcess["state"];

const Launch = z.object({
  binary: z.string(),
  /** With `{slots}`: a new start may have another port. */
  args: z.array(z.string()),
  env: z.record(z.string(), z.string()),
  slots: z.record(z.string(), z.string()),
  /** Handed through as they are. */
  more: z.array(z.string()),
  /** Until ready; 0 = no limit. */
  limitMs: z.number(),
});

export const WorkerRecord = z.object({
  view: WorkerProcess,
  nonce: z.string(),
  token: z.string(),
  tree: z.string(),
  health: z.string(),
  api: z.string(),
  /** What the worker calls its model, when it refuses other names. */
  modelName: z.string().optional(),
  /** Requests that it answers side by side. */
  parallel: z.number(),
  /** Started only to see whether it answers: nobody is sent to it, and it never outlives its job or its hive. */
  isProbe: z.boolean().optional(),
  launch: Launch,
});
export type WorkerRecord = z.infer<typeof WorkerRecord>;

export interface SpawnWish {
  readonly worker: Pick<InstalledWorker, "id" | "version" | "worker_type" | "tree" | "entry">;
  readonly model?: Model | undefined;
  readonly device?: string | undefined;
  readonly port?: number | undefined;
  readonly args: readonly string[];
  /** Idle for this long, it is unloaded; 0 = never. */
  readonly keepAliveMs?: number | undefined;
  /** Until ready; 0 = no limit; undefined: by the model's size. */
  readonly limitMs?: number | undefined;
  /** Estimated need, for the room that is left. */
  readonly memoryBytes?: number | undefined;
  readonly isProbe?: boolean;
  readonly signal: AbortSignal;
}

/** In a worker's environment: the nonce that proves whose it is. */
export const NONCE = "RBEE_WORKER_NONCE";
export const HOST = "127.0.0.1";

/** From SIGTERM to SIGKILL: a worker may have a request to finish. */
const STOP_GRACE_MS = 2_000;
const DEFAULT_KEEP_ALIVE_MS = 15 * 60_000;
/** A start may take this long, and longer by what a slow disk needs to read the model. */
const START_S = 60;
const SLOW_DISK_BYTES_PER_MS = 50_000;
/** A worker that batches is given this many requests at once; another one gets one after the other. */
const BATCHED = 64;

interface NewRecord {
  readonly id: string;
  readonly port: number;
  readonly nonce: string;
  readonly token: string;
  readonly log: string;
}

export function newRecord(wish: SpawnWish, { id, port, nonce, token, log }: NewRecord): WorkerRecord {
  const { worker, model, device } = wish;
  const run = worker.entry.run ?? { args: [], env: {}, health: "/health", api: "openai" };
  const projectorArgs = model?.projector ? (run.projector_args ?? []) : [];
  return {
    nonce,
    token,
    tree: worker.tree,
    health: run.health,
    api: run.api,
    ...(run.model_name ? { modelName: slotFiller(modelSlots(model))(run.model_name) } : {}),
    ...(wish.isProbe ? { isProbe: true } : {}),
    parallel: run.parallel ?? (worker.entry.supports_batching ? BATCHED : 1),
    launch: {
      // Not the link: it may lead to another version when the worker is started again.
      binary: programOf(worker),
      args: [...run.args, ...projectorArgs],
      env: { ...deviceEnv(device), ...run.env },
      slots: { ...modelSlots(model), host: HOST, token, device: device ?? "" },
      more: [...wish.args],
      limitMs: wish.limitMs ?? (run.start_s ?? START_S) * 1_000 + Math.round((model?.size_bytes ?? 0) / SLOW_DISK_BYTES_PER_MS),
    },
    view: {
      id,
      state: "starting",
      worker_id: worker.id,
      version: worker.version,
      pid: 0,
      start_time: "",
      host: HOST,
      port,
      url: `http://${HOST}:${port}`,
      started_at: Date.now(),
      log,
      keep_alive_ms: wish.keepAliveMs ?? DEFAULT_KEEP_ALIVE_MS,
      ...(model ? { model: model.id } : {}),
      device: placeOf(worker, device),
      ...(wish.memoryBytes ? { needs_bytes: wish.memoryBytes } : {}),
    },
  };
}

/** The words and the environment to start a record's worker with, now. */
export function commandOf({ launch, view }: WorkerRecord): { command: string[]; env: Record<string, string> } {
  const fill = slotFiller({ ...launch.slots, port: String(view.port) });
  return {
    command: [launch.binary, ...launch.args.map(fill), ...launch.more],
    env: Object.fromEntries(Object.entries(launch.env).map(([name, value]) => [name, fill(value)])),
  };
}

/** Engines read a file or the directory that it lies in. */
function modelSlots(model: Model | undefined): Record<string, string> {
  if (!model) return { model: "", model_dir: "", model_file: "", model_id: "", projector: "" };
  const isFile = model.format === "gguf" || model.format === "ggml";
  return {
    model: model.path,
    model_dir: isFile ? dirname(model.path) : model.path,
    model_file: isFile ? basename(model.path) : "",
    model_id: model.id,
    projector: model.projector ?? "",
  };
}

/** Restricts a worker to one device, for every engine alike. Source: the vendors' runtimes; ggml's Vulkan backend. */
function deviceEnv(device: string | undefined): Record<string, string> {
  const [, kind, index] = /^(\w+)(?::([\d,]+))?$/.exec(device ?? "") ?? [];
  if (kind === "cpu") return { CUDA_VISIBLE_DEVICES: "", HIP_VISIBLE_DEVICES: "", GGML_VK_VISIBLE_DEVICES: "" };
  const names: Record<string, string> = { cuda: "CUDA_VISIBLE_DEVICES", rocm: "HIP_VISIBLE_DEVICES", vulkan: "GGML_VK_VISIBLE_DEVICES" };
  const name = names[kind ?? ""];
  return name && index ? { [name]: index } : {};
}

export function isRunning({ state }: WorkerProcess): boolean {
  return state === "starting" || state === "stopping" || state === "restarting" || isReady({ state });
}

/** True when it answers requests. */
export function isReady({ state }: Pick<WorkerProcess, "state">): boolean {
  return state === "ready" || state === "busy" || state === "idle";
}

export function identityOf({ view }: WorkerRecord) {
  return { pid: view.pid, startTime: view.start_time };
}

/** A worker and all that it starts, found by its session and, wherever they hide, by the mark that its nonce makes. */
export function treeOf(record: WorkerRecord): ProcessTree {
  const tree = new ProcessTree({ mark: `worker:${record.nonce}`, graceMs: STOP_GRACE_MS });
  if (record.view.pid > 0 && isAlive(identityOf(record))) tree.adopt(record.view.pid);
  return tree;
}

/** pid and start time must agree, and the nonce where the environment can be read. */
export function provesIdentity(record: WorkerRecord): boolean {
  if (!isAlive(identityOf(record))) return false;
  const environment = environmentOf(record.view.pid);
  return environment === "" || environment.includes(`${NONCE}=${record.nonce}`);
}

/** The process of a record whose hive died between starting it and writing down its pid. */
export function findByNonce({ nonce }: WorkerRecord) {
  return listProcesses().find(({ pid, sid }) => pid === sid && environmentOf(pid).includes(`${NONCE}=${nonce}`));
}

function slotFiller(slots: Readonly<Record<string, string>>): (text: string) => string {
  return (text) => text.replace(/\{(\w+)\}/g, (whole, name: string) => (Object.hasOwn(slots, name) ? slots[name]! : whole));
}
