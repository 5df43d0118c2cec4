// The running workers: started, watched, stopped, adopted after a crash of the hive. The only place that starts or stops one.
//
//   starting ──► ready ──► stopping ──► stopped      a worker that ends by itself, from starting or ready, is crashed
//
// A worker is known by pid and start time, and by a nonce in its environment that is on disk before the process exists: whatever moment the
// hive dies at, the next one finds every worker. Workers write their log themselves and outlive the hive.
import { randomBytes } from "node:crypto";
import { closeSync, existsSync, mkdirSync, openSync, readSync, rmSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { z } from "zod";
import { type Collection, openCollection } from "../lib/collection.ts";
import { type InstalledWorker, type Model, WorkerProcess } from "../lib/contract/views.ts";
import { fail } from "../lib/errors.ts";
import { describeListener, isPortFree, listenersOn } from "../lib/listener.ts";
import { ProcessTree } from "../lib/process-group.ts";
import { environmentOf, findProcess, isAlive, listProcesses } from "../lib/process-table.ts";

export interface SpawnWish {
  readonly worker: InstalledWorker;
  readonly model?: Model | undefined;
  readonly device?: string | undefined;
  readonly port?: number | undefined;
  readonly args: readonly string[];
  readonly signal: AbortSignal;
}

/** What is on disk of a worker process: what everybody may see, and what only the hive knows. */
const Record = z.object({
  view: WorkerProcess,
  nonce: z.string(),
  token: z.string(),
  tree: z.string(),
  health: z.string(),
  api: z.string(),
});
type Record = z.infer<typeof Record>;

const HOST = "127.0.0.1";
/** From SIGTERM to SIGKILL: a worker may have a request to finish. */
const STOP_GRACE_MS = 2_000;
const HEALTH_PAUSE_MS = 25;
const HEALTH_ANSWER_MS = 2_000;
/** How often an adopted worker, whose exit nobody tells us, is looked at. */
const WATCH_MS = 500;
/** Ended processes are shown this long, so that their log can be read. */
const ENDED_KEPT = 20;
const TAIL_BYTES = 4_096;
const TAIL_LINES = 20;
/** In a worker's environment: the nonce that proves whose it is. */
const NONCE = "RBEE_WORKER_NONCE";

interface SupervisorOptions {
  readonly directory: string;
  /** Where workers get their ports: best below the ephemeral range, so that no outgoing connection takes one. */
  readonly ports: { readonly from: number; readonly to: number };
  /** The environment that workers start with; RBEE_BIN and the entry's own come on top. */
  readonly env: Readonly<{ [name: string]: string | undefined }>;
  readonly rbeeBinary: string;
}

export class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #records: Collection<Record>;
  readonly #processes = new Map<string, Record>();
  readonly #reservedPorts = new Set<number>();
  #lastId = 0;

  constructor(options: SupervisorOptions) {
    this.#options = options;
    mkdirSync(options.directory, { recursive: true, mode: 0o700 });
    this.#records = openCollection(options.directory, Record);
  }

  /** All processes, the newest last: those that run and the last ones that ended. */
  list(): WorkerProcess[] {
    return [...this.#processes.values()].map(({ view }) => view).sort((a, b) => Number(a.id) - Number(b.id));
  }

  running(): WorkerProcess[] {
    return this.list().filter(isRunning);
  }

  /** @throws PROCESS_NOT_FOUND. */
  get(id: string): WorkerProcess {
    return this.#find(id).view;
  }

  /** Where to send a request for a process, with the key that only the hive knows. @throws PROCESS_NOT_FOUND. */
  access(id: string): { url: string; token: string } {
    const { view, token } = this.#find(id);
    return { url: view.url, token };
  }

  usesTree(tree: string): boolean {
    return [...this.#processes.values()].some((record) => isRunning(record.view) && record.tree === tree);
  }

  /**
   * Starts a worker and resolves when it answers.
   * @throws SPAWN_FAILED with the end of its log when it ends before; PORT_IN_USE; NO_PORT; the signal's reason. Then no process of it is left.
   */
  async spawn(wish: SpawnWish): Promise<WorkerProcess> {
    const port = await this.#reservePort(wish.port);
    try {
      const record = await this.#start(wish, port);
      try {
        await this.#untilReady(record, wish.signal);
      } catch (error) {
        await this.#end(record, "crashed");
        throw error;
      }
      await this.#update(record, { state: "ready", ready_at: Date.now() });
      return record.view;
    } finally {
      this.#reservedPorts.delete(port);
    }
  }

  /** Ends a worker and all that it started. A worker that has ended is left as it is. @throws PROCESS_NOT_FOUND, CANCEL_INCOMPLETE. */
  async stop(id: string): Promise<WorkerProcess> {
    const record = this.#find(id);
    if (isRunning(record.view)) {
      await this.#update(record, { state: "stopping" });
      await this.#end(record, "stopped");
    }
    return record.view;
  }

  async stopAll(): Promise<void> {
    await Promise.all(this.running().map(({ id }) => this.stop(id)));
  }

  /** Takes over what a former hive started: living workers are adopted, ended ones reported as such. Returns the adopted. */
  async adopt(): Promise<WorkerProcess[]> {
    for (const record of await this.#records.list()) {
      this.#processes.set(record.view.id, record);
      this.#lastId = Math.max(this.#lastId, Number(record.view.id));
      if (!isRunning(record.view)) continue;
      if (record.view.pid === 0) findByNonce(record);
      if (provesIdentity(record)) await this.#takeOver(record);
      else await this.#update(record, { state: "crashed", ended_at: Date.now(), exit: "ended while no hive ran" });
    }
    this.#forget();
    return this.running();
  }

  /** Lets go of the workers without ending them. */
  release(): void {
    this.#processes.clear();
  }

  async #start({ worker, model, device, args }: SpawnWish, port: number): Promise<Record> {
    const id = String(++this.#lastId);
    const { entry } = worker;
    const run = entry.run ?? { args: [], env: {}, health: "/health", api: "openai" };
    const token = randomBytes(24).toString("base64url");
    const fill = slotFiller({
      model: model?.path,
      model_dir: model && dirname(model.path),
      model_file: model && basename(model.path),
      host: HOST,
      port,
      token,
      device,
    });
    const log = join(this.#options.directory, `${id}.log`);
    const record: Record = {
      nonce: randomBytes(16).toString("hex"),
      token,
      tree: worker.tree,
      health: run.health,
      api: run.api,
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
        ...(model ? { model: model.id } : {}),
        ...(device ? { device } : {}),
      },
    };
    this.#processes.set(id, record);
    await this.#records.set(id, record);
    const program = this.#launch([worker.binary, ...run.args.map(fill), ...args], mapValues(run.env, fill), record);
    await this.#update(record, { pid: program.pid, start_time: findProcess(program.pid)?.startTime ?? "" });
    void program.exited.then(() =>
      this.#onExit(record, program.signalCode ? `ended by ${program.signalCode}` : `exit code ${program.exitCode}`),
    );
    return record;
  }

  #launch(command: string[], env: { [name: string]: string }, record: Record): Bun.Subprocess {
    const log = openSync(record.view.log, "w", 0o600);
    try {
      const { RBEE_TOKEN: _, ...inherited } = this.#options.env;
      const program = Bun.spawn(command, {
        cwd: this.#options.directory,
        env: { ...inherited, ...env, RBEE_BIN: this.#options.rbeeBinary, [NONCE]: record.nonce, ...treeOf(record).env },
        stdin: "ignore",
        stdout: log,
        stderr: log,
        detached: true,
      });
      program.unref();
      return program;
    } catch (error) {
      throw fail(
        "SPAWN_FAILED",
        { worker: record.view.worker_id, process: record.view.id, reason: String((error as Error).message) },
        { cause: error },
      );
    } finally {
      closeSync(log);
    }
  }

  /** Ready means: the health route answers, and the one who answers is the process that we started. */
  async #untilReady(record: Record, signal: AbortSignal): Promise<void> {
    const { view } = record;
    for (;;) {
      signal.throwIfAborted();
      if (!isRunning(record.view)) {
        const tail = this.logTail(view.id);
        throw fail(
          "SPAWN_FAILED",
          { worker: view.worker_id, process: view.id, reason: record.view.exit ?? "it ended" },
          { data: { tail, process: view.id } },
        );
      }
      if ((await isHealthy(`${view.url}${record.health}`, signal)) && this.#answersItself(record)) return;
      await Bun.sleep(HEALTH_PAUSE_MS);
    }
  }

  #answersItself(record: Record): boolean {
    const { view } = record;
    const listeners = listenersOn(view.port);
    if (listeners === undefined) return true;
    const members = new Set(
      treeOf(record)
        .members()
        .map(({ pid }) => pid),
    );
    return listeners.some((pid) => members.has(pid));
  }

  /** The end of a process's log, for an error. */
  logTail(id: string): string[] {
    const { log } = this.#find(id).view;
    if (!existsSync(log)) return [];
    const size = statSync(log).size;
    const bytes = Buffer.alloc(Math.min(size, TAIL_BYTES));
    const file = openSync(log, "r");
    try {
      readSync(file, bytes, 0, bytes.length, size - bytes.length);
    } finally {
      closeSync(file);
    }
    return bytes.toString("utf8").trimEnd().split("\n").slice(-TAIL_LINES);
  }

  async #takeOver(record: Record): Promise<void> {
    if (record.view.state === "stopping") return this.#end(record, "stopped");
    if (record.view.state === "starting") return this.#end(record, "crashed");
    const watch = setInterval(() => {
      if (this.#processes.get(record.view.id) !== record || !isRunning(record.view)) clearInterval(watch);
      else if (!isAlive(identityOf(record))) void this.#onExit(record, "ended (adopted, so its exit code is not known)");
    }, WATCH_MS);
    watch.unref();
  }

  async #onExit(record: Record, exit: string): Promise<void> {
    if (!isRunning(record.view) || record.view.state === "stopping" || this.#processes.get(record.view.id) !== record) return;
    await this.#update(record, { state: "crashed", ended_at: Date.now(), exit });
    // What it started must not outlive it unseen.
    await treeOf(record).end();
    this.#forget();
  }

  async #end(record: Record, as: "stopped" | "crashed"): Promise<void> {
    await treeOf(record).end();
    if (isRunning(record.view)) await this.#update(record, { state: as, ended_at: Date.now() });
    this.#forget();
  }

  async #update(record: Record, change: Partial<WorkerProcess>): Promise<void> {
    record.view = { ...record.view, ...change };
    await this.#records.set(record.view.id, record);
  }

  #forget(): void {
    const ended = this.list().filter((view) => !isRunning(view));
    for (const { id, log } of ended.slice(0, Math.max(0, ended.length - ENDED_KEPT))) {
      this.#processes.delete(id);
      void this.#records.remove(id);
      rmSync(log, { force: true });
    }
  }

  async #reservePort(wanted: number | undefined): Promise<number> {
    if (wanted !== undefined) {
      if (this.#reservedPorts.has(wanted) || !(await isPortFree(wanted, HOST)))
        throw fail("PORT_IN_USE", { port: wanted, host: HOST, by: describeListener(wanted) });
      this.#reservedPorts.add(wanted);
      return wanted;
    }
    const { ports } = this.#options;
    for (let port = ports.from; port <= ports.to; port++) {
      if (this.#reservedPorts.has(port)) continue;
      this.#reservedPorts.add(port);
      if (await isPortFree(port, HOST)) return port;
      this.#reservedPorts.delete(port);
    }
    throw fail("NO_PORT", ports);
  }

  #find(id: string): Record {
    const record = this.#processes.get(id);
    if (!record) throw fail("PROCESS_NOT_FOUND", { id });
    return record;
  }
}

function isRunning({ state }: WorkerProcess): boolean {
  return state === "starting" || state === "ready" || state === "stopping";
}

/** A worker and all that it starts, found by its session and, wherever they hide, by the mark that its nonce makes. */
function treeOf(record: Record): ProcessTree {
  const tree = new ProcessTree({ mark: `worker:${record.nonce}`, graceMs: STOP_GRACE_MS });
  if (record.view.pid > 0 && isAlive(identityOf(record))) tree.adopt(record.view.pid);
  return tree;
}

function identityOf({ view }: Record) {
  return { pid: view.pid, startTime: view.start_time };
}

/** pid and start time must agree, and the nonce where the environment can be read. */
function provesIdentity(record: Record): boolean {
  if (!isAlive(identityOf(record))) return false;
  const environment = environmentOf(record.view.pid);
  return environment === "" || environment.includes(`${NONCE}=${record.nonce}`);
}

/** The hive died between starting the process and writing down its pid. */
function findByNonce(record: Record): void {
  const found = listProcesses().find(({ pid, sid }) => pid === sid && environmentOf(pid).includes(`${NONCE}=${record.nonce}`));
  if (found) record.view = { ...record.view, pid: found.pid, start_time: found.startTime };
}

async function isHealthy(url: string, signal: AbortSignal): Promise<boolean> {
  try {
    const response = await fetch(url, { signal: AbortSignal.any([signal, AbortSignal.timeout(HEALTH_ANSWER_MS)]) });
    await response.body?.cancel();
    return response.ok;
  } catch {
    return false;
  }
}

function slotFiller(slots: { [name: string]: string | number | undefined }): (text: string) => string {
  return (text) => text.replace(/\{(\w+)\}/g, (whole, name: string) => (Object.hasOwn(slots, name) ? String(slots[name] ?? "") : whole));
}

function mapValues(values: { [name: string]: string }, change: (text: string) => string): { [name: string]: string } {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, change(value)]));
}
