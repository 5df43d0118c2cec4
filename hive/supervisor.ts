// The running workers: started, watched, started again, unloaded, stopped, adopted after a crash of the hive. The only place that does any of it.
//
//   starting ──► ready ──► busy ⇄ idle ──► stopping ──► stopped        asked to stop
//      ▲  ▲        │         │       └───► stopping ──► unloaded       idle for its keep-alive; the next request starts it again
//      │  └─ restarting ◄────┘ ended by itself: after 1 s, 2 s … 60 s, at most five times in ten minutes
//      └── unloaded                                     crashed        five times, or before it was ready the first time
//
// A worker is known by pid and start time, and by a nonce in its environment that is on disk before the process exists: whatever moment the
// hive dies at, the next one finds every worker. Workers write their log themselves and outlive the hive. Busy and idle are known here alone:
// on disk both are ready.
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import type { OnUnreadable } from "../lib/collection.ts";
import type { WorkerProcess, WorkerUsage } from "../lib/contract/views.ts";
import { fail } from "../lib/errors.ts";
import { findProcess, isAlive } from "../lib/process/table.ts";
import { WorkerBook } from "./worker/book.ts";
import { Crashes, RESTARTS, type RestartRules } from "./worker/crashes.ts";
import { WorkerPorts } from "./worker/ports.ts";
import { type Turn, WorkerQueue } from "./worker/queue.ts";
import {
  findByNonce,
  identityOf,
  isReady,
  isRunning,
  newRecord,
  provesIdentity,
  type SpawnWish,
  treeOf,
  type WorkerRecord,
  type WorkerState,
} from "./worker/record.ts";
import { type Ground, launch, untilReady } from "./worker/start.ts";
import type { Counter } from "./worker/token-count.ts";
import { Usage } from "./worker/usage.ts";

const NEXT: { readonly [State in WorkerState]: readonly WorkerState[] } = {
  starting: ["ready", "restarting", "crashed", "stopping"],
  ready: ["busy", "restarting", "crashed", "stopping"],
  busy: ["idle", "restarting", "crashed", "stopping"],
  idle: ["busy", "restarting", "crashed", "stopping"],
  restarting: ["starting", "crashed", "stopping", "unloaded"],
  stopping: ["stopped", "crashed", "unloaded"],
  unloaded: ["starting", "stopped"],
  stopped: [],
  crashed: [],
};

/** How often an adopted worker, whose exit nobody tells us, is looked at. */
const WATCH_MS = 500;
/** How often a start is tried again because its port was taken meanwhile. */
const PORT_TRIES = 4;

interface SupervisorOptions extends Ground {
  /** Where workers get their ports: best below the ephemeral range, so that no outgoing connection takes one. */
  readonly ports: { readonly from: number; readonly to: number };
  readonly restarts?: RestartRules;
  readonly onUnreadable?: OnUnreadable;
}

/** What is known of a worker only while this hive lives. */
interface Watch {
  readonly queue: WorkerQueue;
  readonly usage: Usage;
  readonly crashes: Crashes;
  /** Unloads it. */
  timer?: ReturnType<typeof setTimeout> | undefined;
  /** A start that is going on. */
  start?: Promise<WorkerProcess> | undefined;
}

export class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #book: WorkerBook;
  readonly #watches = new WeakMap<WorkerRecord, Watch>();
  readonly #ports: WorkerPorts;

  constructor(options: SupervisorOptions) {
    this.#options = options;
    this.#ports = new WorkerPorts(options.ports);
    this.#book = new WorkerBook(options.directory, options.onUnreadable);
  }

  /** All processes, the newest last: those that run and the last ones that ended. */
  list(): WorkerProcess[] {
    return this.#book.views();
  }

  running(): WorkerProcess[] {
    return this.list().filter(isRunning);
  }

  /** @throws PROCESS_NOT_FOUND. */
  get(id: string): WorkerProcess {
    return this.#book.find(id).view;
  }

  /** Where to send a request for a process, and how it wants to be spoken to. @throws PROCESS_NOT_FOUND. */
  access(id: string): { url: string; token: string; api: string; modelName: string | undefined } {
    const { view, token, api, modelName } = this.#book.find(id);
    return { url: view.url, token, api, modelName };
  }

  /** Requests that a process has or that wait for it. */
  loadOf(id: string): number {
    return this.#watchOf(this.#book.find(id)).queue.load;
  }

  /** What a process was asked and what it said. @throws PROCESS_NOT_FOUND. */
  usageOf(id: string): WorkerUsage {
    const { queue, usage } = this.#watchOf(this.#book.find(id));
    return { ...usage.view(), active: queue.active, waiting: queue.waiting };
  }

  /** Who counts what a process says. @throws PROCESS_NOT_FOUND. */
  counterOf(id: string): Counter {
    return this.#watchOf(this.#book.find(id)).usage;
  }

  usesTree(tree: string): boolean {
    return this.usersOf(tree).some(isRunning);
  }

  /** The processes of one version of a worker: those that run, and those that the next request starts again. */
  usersOf(tree: string): WorkerProcess[] {
    const users = this.#book.all().filter((record) => record.tree === tree);
    return users.map(({ view }) => view).filter((view) => isRunning(view) || view.state === "unloaded");
  }

  /**
   * Starts a worker and resolves when its model answers.
   * @throws SPAWN_FAILED with the end of its log when it ends before; START_TIMED_OUT; PORT_IN_USE; NO_PORT; the signal's reason. Then no process of it is left.
   */
  async spawn(wish: SpawnWish): Promise<WorkerProcess> {
    const stolen = new Set<number>();
    for (let attempt = 1; ; attempt++) {
      const port = await this.#ports.reserve(wish.port, stolen);
      const record = this.#newRecord(wish, port);
      try {
        return await this.#starting(record, () => this.#start(record, wish.signal));
      } catch (error) {
        const isOver = wish.signal.aborted || ["stopping", "stopped"].includes(record.view.state);
        const mayTryAgain = wish.port === undefined && attempt < PORT_TRIES && !isOver;
        if (!mayTryAgain || !(await this.#ports.isStolen(port, error))) throw error;
        stolen.add(port);
        this.#book.drop(record.view);
      } finally {
        this.#ports.release(port);
      }
    }
  }

  /** Starts a worker, waits until it answers and ends it; nothing of it stays. @throws what {@link spawn} throws. */
  async probe(wish: SpawnWish): Promise<void> {
    const isMine = (record: WorkerRecord) => record.isProbe && record.tree === wish.worker.tree;
    try {
      const { id } = await this.spawn({ ...wish, isProbe: true, keepAliveMs: 0 });
      await this.stop(id);
    } finally {
      for (const record of this.#book.all().filter(isMine)) this.#book.drop(record.view);
    }
  }

  /** A process that is ready, being started, or can be: resolves when it answers. @throws what {@link spawn} throws. */
  async whenReady(id: string, { signal }: { signal: AbortSignal }): Promise<WorkerProcess> {
    const record = this.#book.find(id);
    if (isReady(record.view)) return record.view;
    const { start } = this.#watchOf(record);
    if (start) return start;
    if (record.view.state === "unloaded") return this.#starting(record, () => this.#wake(record, signal));
    throw fail("SPAWN_FAILED", { worker: record.view.worker_id, process: id, reason: `it is ${record.view.state}` });
  }

  /** Takes a turn at a process for one request. Returns what gives the turn back. @throws WORKER_BUSY, PROCESS_NOT_FOUND; the signal's reason. */
  async enter(id: string, turn: Turn): Promise<() => void> {
    const record = this.#book.find(id);
    const { queue, usage } = this.#watchOf(record);
    await queue.enter(turn);
    usage.addRequest();
    if (isReady(record.view)) this.#note(record, { state: "busy", last_used_at: Date.now() });
    let isIn = true;
    return () => {
      if (!isIn) return;
      isIn = false;
      queue.leave();
      if (queue.load === 0 && isReady(record.view)) this.#rest(record);
    };
  }

  /** Ends a worker and all that it started. A worker that has ended is left as it is. @throws PROCESS_NOT_FOUND, CANCEL_INCOMPLETE. */
  async stop(id: string): Promise<WorkerProcess> {
    const record = this.#book.find(id);
    if (record.view.state === "unloaded") await this.#save(record, { state: "stopped", ended_at: Date.now() });
    if (isRunning(record.view)) {
      await this.#save(record, { state: "stopping" });
      await this.#end(record, "stopped");
    }
    return record.view;
  }

  async stopAll(): Promise<void> {
    await Promise.all(this.running().map(({ id }) => this.stop(id)));
  }

  /** Ends a worker that nobody asks, until somebody does. False when it is in use or not ready. @throws CANCEL_INCOMPLETE. */
  async unload(id: string, why: string): Promise<boolean> {
    const record = this.#book.find(id);
    if (!isReady(record.view) || this.#watchOf(record).queue.load > 0) return false;
    await this.#save(record, { state: "stopping" });
    await this.#end(record, "unloaded", why);
    return true;
  }

  /** Takes over what a former hive started: living workers are adopted, ended ones reported as such. Returns the adopted. */
  async adopt(): Promise<WorkerProcess[]> {
    for (const record of await this.#book.read()) {
      if (isRunning(record.view)) await this.#takeOver(record);
      if (record.isProbe) this.#book.drop(record.view);
    }
    this.#book.dropOld();
    return this.running();
  }

  /** Lets go of the workers without ending them. */
  release(): void {
    for (const record of this.#book.all()) clearTimeout(this.#watchOf(record).timer);
    this.#book.close();
  }

  /** One start at a time: who comes meanwhile waits for the same one. */
  async #starting(record: WorkerRecord, start: () => Promise<WorkerProcess>): Promise<WorkerProcess> {
    const watch = this.#watchOf(record);
    const mine = start().finally(() => {
      if (watch.start === mine) watch.start = undefined;
    });
    watch.start = mine;
    return mine;
  }

  #newRecord(wish: SpawnWish, port: number): WorkerRecord {
    const id = this.#book.nextId();
    const log = join(this.#options.directory, `${id}.log`);
    const record = newRecord(wish, { id, port, log, token: randomBytes(24).toString("base64url"), nonce: newNonce() });
    this.#book.add(record);
    return record;
  }

  async #wake(record: WorkerRecord, signal: AbortSignal): Promise<WorkerProcess> {
    const port = await this.#ports.reserve();
    try {
      const fresh = { port, url: `http://${record.view.host}:${port}`, exit: undefined, ended_at: undefined, ready_at: undefined };
      record.nonce = newNonce();
      this.#note(record, { state: "starting", pid: 0, start_time: "", started_at: Date.now(), ...fresh });
      return await this.#start(record, signal);
    } finally {
      this.#ports.release(port);
    }
  }

  /** From `starting` to `ready`; a start that fails leaves no process. */
  async #start(record: WorkerRecord, signal: AbortSignal): Promise<WorkerProcess> {
    try {
      return await this.#tryStart(record, signal);
    } catch (error) {
      if (record.view.state === "starting") await this.#end(record, "crashed");
      throw error;
    }
  }

  async #tryStart(record: WorkerRecord, signal: AbortSignal): Promise<WorkerProcess> {
    await this.#save(record, {});
    const program = launch(record, this.#options);
    await this.#save(record, { pid: program.pid, start_time: findProcess(program.pid)?.startTime ?? "" });
    const identity = identityOf(record);
    void program.exited.then(() => {
      const how = program.signalCode ? `ended by ${program.signalCode}` : `exit code ${program.exitCode}`;
      if (record.view.pid === identity.pid) void this.#onExit(record, how);
    });
    await untilReady(record, signal);
    await this.#save(record, { state: "ready", ready_at: Date.now() });
    this.#startKeepAlive(record);
    return record.view;
  }

  async #takeOver(record: WorkerRecord): Promise<void> {
    if (record.view.state === "restarting")
      return this.#save(record, { state: "unloaded", exit: "the hive ended before it was started again" });
    if (record.view.pid === 0) {
      const found = findByNonce(record);
      if (found) record.view = { ...record.view, pid: found.pid, start_time: found.startTime };
    }
    if (!provesIdentity(record)) return this.#save(record, { state: "crashed", ended_at: Date.now(), exit: "ended while no hive ran" });
    if (record.view.state === "stopping") return this.#end(record, "stopped");
    if (record.view.state === "starting" || record.isProbe) return this.#end(record, "crashed");
    this.#startKeepAlive(record);
    const identity = identityOf(record);
    const look = setInterval(() => {
      const isSame = this.#book.has(record) && isRunning(record.view) && record.view.pid === identity.pid;
      if (isSame && isAlive(identity)) return;
      clearInterval(look);
      if (isSame) void this.#onExit(record, "ended (adopted, so its exit code is not known)");
    }, WATCH_MS);
    look.unref();
  }

  /** A worker ended by itself. One that had been ready is started again, unless it does so again and again. */
  async #onExit(record: WorkerRecord, exit: string): Promise<void> {
    const { state } = record.view;
    if (!isRunning(record.view) || state === "stopping" || !this.#book.has(record)) return;
    const watch = this.#watchOf(record);
    clearTimeout(watch.timer);
    if (state === "starting" && !record.view.restarts) await this.#crash(record, exit);
    // What it started must not outlive it unseen.
    await treeOf(record).end();
    if (!isRunning(record.view)) return;
    const pauseMs = watch.crashes.count();
    if (pauseMs === undefined) return this.#crash(record, `${exit}; ${watch.crashes.excess}`);
    await this.#save(record, { state: "restarting", exit, restarts: (record.view.restarts ?? 0) + 1 });
    await this.#starting(record, () => this.#restart(record, pauseMs)).catch(() => {});
  }

  async #restart(record: WorkerRecord, pauseMs: number): Promise<WorkerProcess> {
    await Bun.sleep(pauseMs);
    const { state, worker_id: worker, id: process } = record.view;
    if (state !== "restarting") throw fail("SPAWN_FAILED", { worker, process, reason: `it is ${state}` });
    return this.#wake(record, new AbortController().signal);
  }

  async #crash(record: WorkerRecord, exit: string): Promise<void> {
    await this.#save(record, { state: "crashed", ended_at: Date.now(), exit });
    this.#book.dropOld();
  }

  async #end(record: WorkerRecord, as: "stopped" | "crashed" | "unloaded", exit?: string): Promise<void> {
    clearTimeout(this.#watchOf(record).timer);
    await treeOf(record).end();
    if (isRunning(record.view)) await this.#save(record, { state: as, ended_at: Date.now(), ...(exit ? { exit } : {}) });
    this.#book.dropOld();
  }

  #rest(record: WorkerRecord): void {
    this.#note(record, { state: "idle", last_used_at: Date.now() });
    this.#startKeepAlive(record);
  }

  #startKeepAlive(record: WorkerRecord): void {
    const { keep_alive_ms: keepAliveMs, id } = record.view;
    const watch = this.#watchOf(record);
    clearTimeout(watch.timer);
    if (keepAliveMs === 0) return;
    watch.timer = setTimeout(() => void this.unload(id, `nobody asked for ${keepAliveMs / 1000} s`).catch(() => {}), keepAliveMs);
    watch.timer.unref();
  }

  #watchOf(record: WorkerRecord): Watch {
    const watch = this.#watches.get(record) ?? {
      queue: new WorkerQueue(record.parallel),
      usage: new Usage(),
      crashes: new Crashes(this.#options.restarts ?? RESTARTS),
    };
    this.#watches.set(record, watch);
    return watch;
  }

  /** Changes what is known here. */
  #note(record: WorkerRecord, change: { [Key in keyof WorkerProcess]?: WorkerProcess[Key] | undefined }): void {
    const { state } = record.view;
    if (change.state && change.state !== state && !NEXT[state].includes(change.state))
      throw new Error(`A worker process cannot go from ${state} to ${change.state}`);
    record.view = { ...record.view, ...change } as WorkerProcess;
  }

  /** Changes what is known here and on disk. */
  async #save(record: WorkerRecord, change: Partial<WorkerProcess>): Promise<void> {
    this.#note(record, change);
    await this.#book.write(record);
  }
}

function newNonce(): string {
  return randomBytes(16).toString("hex");
}
