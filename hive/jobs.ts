// All jobs of the hive: accepted, queued, joined, run, kept for a while, brought back after a crash.
import { randomBytes } from "node:crypto";
import { mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type { JobView } from "../lib/contract/events.ts";
import { type OperationName, operations } from "../lib/contract/operations.ts";
import { fail } from "../lib/errors.ts";
import { removeTree } from "../lib/tree.ts";
import { claimFormat, newJournal, openFormerJournal, readJob, writeView } from "./job/files.ts";
import { Journal } from "./job/journal.ts";
import { type Lane, Lanes } from "./job/lanes.ts";
import { type EndReason, Job, type JobContext } from "./job.ts";
import { hasEnded } from "./job-state.ts";

export type OperationInput = { readonly operation: OperationName } & Readonly<Record<string, unknown>>;

interface JobsOptions {
  /** Journals lie here, one directory for each job. */
  readonly directory: string;
  readonly run: (input: OperationInput, context: JobContext) => Promise<unknown>;
  readonly lane: (input: OperationInput) => Lane;
  readonly limits: JobLimits;
  readonly onEnd?: (view: JobView) => void;
  /** Called with the directory of a job that could not be understood and was set aside. */
  readonly onUnreadable?: (path: string) => void;
}

export interface JobLimits {
  readonly buildsAtOnce: number;
  readonly queued: number;
  readonly keptJobs: number;
  readonly keptMs: number;
  /** Of one job's journal; then its oldest log lines give way. */
  readonly journalBytes: number;
  /** How long an operation may run when its caller sets no limit; 0 means none. Milliseconds. */
  readonly timeMs: (operation: OperationName) => number;
}

const ID = /^[0-9a-f]{16}$/;
/** A query's journal lies in memory and is kept this long after its end, so that its reader can come for it. */
const QUERY_KEPT_MS = 60_000;
/** The same once a reader had all of it, whose connection may break on the last bytes. */
const QUERY_READ_KEPT_MS = 1_000;
/** Of a query's journal, which lies in memory. */
const QUERY_BYTES = 16 << 20;

export class Jobs {
  readonly #options: JobsOptions;
  readonly #jobs = new Map<string, Job>();
  /** Ended jobs, oldest end first: a view each, the journal stays on disk. */
  readonly #former = new Map<string, FormerJob>();
  readonly #lanes: Lanes;
  #isClosing = false;

  constructor(options: JobsOptions) {
    this.#options = options;
    this.#lanes = new Lanes(options.limits);
    mkdirSync(options.directory, { recursive: true, mode: 0o700 });
  }

  /** Jobs that wait or run; queries too. */
  get activeCount(): number {
    return this.#lanes.jobs.length;
  }

  /** Jobs, without queries, that wait or run. */
  get activeJobs(): Job[] {
    return this.#lanes.jobs.filter((job) => !isQuery(job));
  }

  /** Accepts an operation that was checked. @throws QUEUE_FULL, SHUTTING_DOWN. */
  submit(input: OperationInput): { job: Job; joined: boolean } {
    if (this.#isClosing) throw fail("SHUTTING_DOWN", {});
    const lane = this.#options.lane(input);
    const running = lane.join ? this.#lanes.findJoinable(lane.join) : undefined;
    if (running) return { job: running, joined: true };
    this.#lanes.requireRoom();
    const job = this.#create(input);
    this.#lanes.wait(job, lane);
    this.#schedule();
    return { job, joined: false };
  }

  /** @throws JOB_NOT_FOUND. */
  view(id: string): JobView {
    const job = this.#jobs.get(id);
    if (job) return job.view();
    const former = this.#former.get(id);
    if (!former) throw fail("JOB_NOT_FOUND", { id });
    return former.view;
  }

  /** Jobs, newest first; queries are not among them. */
  list(): JobView[] {
    const here = [...this.#jobs.values()].filter((job) => !isQuery(job)).map((job) => job.view());
    return [...here, ...[...this.#former.values()].map(({ view }) => view)].sort((a, b) => b.created_at - a.created_at);
  }

  /** The journal of a job that runs or ran. @throws JOB_NOT_FOUND. */
  journal(id: string): Journal {
    const job = this.#jobs.get(id);
    if (job) return job.journal;
    const former = this.#former.get(id);
    if (!former) throw fail("JOB_NOT_FOUND", { id });
    const open = former.journal?.deref() ?? openFormerJournal(join(this.#options.directory, id));
    former.journal = new WeakRef(open);
    return open;
  }

  /** Somebody has read a job to its end: a query is not kept for anybody else. */
  wasRead(id: string): void {
    const job = this.#jobs.get(id);
    if (job && isQuery(job)) this.#dropLater(job, QUERY_READ_KEPT_MS);
  }

  /**
   * Ends a job and resolves when nothing of it lives.
   * @throws JOB_NOT_FOUND; JOB_ENDED when it had ended or could not be stopped any more; CANCEL_INCOMPLETE with the living pids.
   */
  async cancel(id: string, reason: EndReason = "cancelled"): Promise<void> {
    const view = this.view(id);
    const job = this.#jobs.get(id);
    const isFirst = job?.end(reason, fail("CANCELLED", {})) ?? false;
    if (job && isFirst) this.#dequeue(job);
    await job?.ended;
    if (job?.error?.code === "CANCEL_INCOMPLETE") throw job.error;
    const state = job?.state ?? view.state;
    // Two who cancel at once are both told the truth: it is cancelled.
    if (!isFirst && (hasEnded(view.state) || state !== "cancelled")) throw fail("JOB_ENDED", { id, state });
  }

  /** Ends all jobs, accepts no more, resolves when all are over. */
  async close(): Promise<void> {
    this.#isClosing = true;
    const jobs = [...this.#jobs.values()].filter((job) => !job.hasEnded);
    for (const job of jobs) {
      job.end("interrupted", fail("INTERRUPTED", {}));
      this.#dequeue(job);
    }
    await Promise.all(jobs.map((job) => job.ended));
    for (const job of this.#jobs.values()) job.journal.close();
  }

  /** Reads what a former hive left: ended jobs are kept, jobs that ran are marked interrupted and told so to their readers. Returns the interrupted ones. */
  recover(): JobView[] {
    const found: { view: JobView; wasRunning: boolean }[] = [];
    claimFormat(this.#options.directory);
    for (const id of readdirSync(this.#options.directory).filter((name) => ID.test(name))) {
      const former = readJob(join(this.#options.directory, id), this.#options.onUnreadable ?? (() => {}));
      if (former) found.push(former);
    }
    found.sort((a, b) => endOf(a.view) - endOf(b.view));
    for (const { view } of found) this.#former.set(view.job_id, { view });
    this.#forget();
    return found.filter(({ wasRunning }) => wasRunning).map(({ view }) => view);
  }

  #create(input: OperationInput): Job {
    const id = randomBytes(8).toString("hex");
    if (operations[input.operation].kind === "query")
      return this.#keep(new Job(id, input, new Journal(undefined, { limitBytes: QUERY_BYTES })));
    return this.#keep(new Job(id, input, newJournal(join(this.#options.directory, id), this.#options.limits.journalBytes)));
  }

  #keep(job: Job): Job {
    this.#jobs.set(job.id, job);
    return job;
  }

  /** A job that ends while it waits runs no handler; its run() only writes its end. */
  #dequeue(job: Job): void {
    this.#lanes.startNow(job, this.#start);
  }

  #schedule(): void {
    this.#lanes.startReady(this.#start);
  }

  readonly #start = (job: Job): void => void this.#run(job);

  async #run(job: Job): Promise<void> {
    const { operation, timeout } = job.operation as { operation: OperationName; timeout?: number };
    await job.run((context) => this.#options.run(job.operation, context), timeout ?? this.#options.limits.timeMs(operation));
    this.#lanes.leave(job);
    const view = job.view();
    this.#options.onEnd?.(view);
    if (isQuery(job)) this.#dropLater(job, QUERY_KEPT_MS);
    else this.#putAway(job, view);
    this.#schedule();
  }

  #dropLater({ id }: Job, afterMs: number): void {
    setTimeout(() => this.#jobs.delete(id), afterMs).unref();
  }

  /** An ended job costs its view; its readers keep its journal, later ones open it again. */
  #putAway(job: Job, view: JobView): void {
    job.journal.close();
    writeView(join(this.#options.directory, job.id), view);
    this.#former.set(job.id, { view, journal: new WeakRef(job.journal) });
    this.#jobs.delete(job.id);
    this.#forget();
  }

  /** Lets go of the oldest ended jobs past the limits. */
  #forget(): void {
    const { keptJobs, keptMs } = this.#options.limits;
    for (const [id, { view }] of this.#former) {
      if (this.#former.size <= keptJobs && Date.now() - endOf(view) <= keptMs) return;
      this.#former.delete(id);
      removeTree(join(this.#options.directory, id));
    }
  }
}

function isQuery(job: Job): boolean {
  return operations[job.operation.operation].kind === "query";
}

interface FormerJob {
  readonly view: JobView;
  journal?: WeakRef<Journal>;
}

function endOf({ ended_at, created_at }: JobView): number {
  return ended_at ?? created_at;
}
