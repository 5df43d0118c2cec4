// All jobs of the hive: accepted, queued, joined, run, kept for a while, brought back after a crash.
import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { writeFileAtomic } from "../lib/atomic.ts";
import { JobEvent, JobView, lastWord } from "../lib/contract/events.ts";
import { type OperationName, operations } from "../lib/contract/operations.ts";
import { fail } from "../lib/errors.ts";
import { removeTree } from "../lib/tree.ts";
import { type EndReason, Job, type JobContext } from "./job.ts";
import { hasEnded } from "./job-state.ts";
import { Journal } from "./journal.ts";
import { fileBacking } from "./journal-backing.ts";

export type OperationInput = { readonly operation: OperationName } & Readonly<Record<string, unknown>>;

/** How a job shares the hive with others. */
export interface Lane {
  /** Jobs with the same key run one after the other. */
  readonly key?: string;
  /** A second job with the same text joins the first instead of running. */
  readonly join?: string;
  /** Counts against the number of builds at once. */
  readonly isBuild?: boolean;
  /** Takes away what builds read: waits until none runs, and none starts beside it. */
  readonly emptiesCaches?: boolean;
}

interface JobsOptions {
  /** Journals lie here, one directory for each job. */
  readonly directory: string;
  readonly run: (input: OperationInput, context: JobContext) => Promise<unknown>;
  readonly lane: (input: OperationInput) => Lane;
  readonly limits: JobLimits;
  readonly onEnd?: (view: JobView) => void;
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
  readonly #waiting: { job: Job; lane: Lane }[] = [];
  readonly #running = new Map<Job, Lane>();
  #isClosing = false;

  constructor(options: JobsOptions) {
    this.#options = options;
    mkdirSync(options.directory, { recursive: true, mode: 0o700 });
  }

  /** Jobs that wait or run; queries too. */
  get activeCount(): number {
    return this.#waiting.length + this.#running.size;
  }

  /** Jobs, without queries, that wait or run. */
  get activeJobs(): Job[] {
    return [...this.#waiting.map(({ job }) => job), ...this.#running.keys()].filter((job) => !isQuery(job));
  }

  /** Accepts an operation that was checked. @throws QUEUE_FULL, SHUTTING_DOWN. */
  submit(input: OperationInput): { job: Job; joined: boolean } {
    if (this.#isClosing) throw fail("SHUTTING_DOWN", {});
    const lane = this.#options.lane(input);
    const running = lane.join ? this.#findJoinable(lane.join) : undefined;
    if (running) return { job: running, joined: true };
    if (this.#waiting.length >= this.#options.limits.queued) throw fail("QUEUE_FULL", { limit: this.#options.limits.queued });
    const job = this.#create(input);
    this.#waiting.push({ job, lane });
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
    for (const id of readdirSync(this.#options.directory)) {
      const directory = join(this.#options.directory, id);
      const former = readEndedJob(directory) ?? readBrokenJob(directory);
      if (former) found.push(former);
      else removeTree(directory);
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
    const directory = join(this.#options.directory, id);
    mkdirSync(directory, { mode: 0o700 });
    return this.#keep(
      new Job(id, input, new Journal(fileBacking(join(directory, JOURNAL)), { limitBytes: this.#options.limits.journalBytes })),
    );
  }

  #keep(job: Job): Job {
    this.#jobs.set(job.id, job);
    return job;
  }

  #findJoinable(join: string): Job | undefined {
    const all = [...this.#running, ...this.#waiting.map(({ job, lane }) => [job, lane] as const)];
    return all.find(([job, lane]) => lane.join === join && job.state !== "cancelling")?.[0];
  }

  /** A job that ends while it waits runs no handler; its run() only writes its end. */
  #dequeue(job: Job): void {
    const index = this.#waiting.findIndex((waiting) => waiting.job === job);
    if (index < 0) return;
    const [{ lane }] = this.#waiting.splice(index, 1) as [{ job: Job; lane: Lane }];
    void this.#run(job, lane);
  }

  #schedule(): void {
    for (const waiting of [...this.#waiting]) {
      if (!this.#mayRun(waiting.lane)) continue;
      this.#waiting.splice(this.#waiting.indexOf(waiting), 1);
      void this.#run(waiting.job, waiting.lane);
    }
  }

  /** One after the other for a key, in the order in which they came; a limit on builds. */
  #mayRun(lane: Lane): boolean {
    const running = [...this.#running.values()];
    if (lane.key !== undefined && running.some(({ key }) => key === lane.key)) return false;
    if (lane.key !== undefined && this.#waiting.find((waiting) => waiting.lane.key === lane.key)?.lane !== lane) return false;
    if (lane.isBuild && running.some(({ emptiesCaches }) => emptiesCaches)) return false;
    if (lane.emptiesCaches && running.some(({ isBuild }) => isBuild)) return false;
    return !lane.isBuild || running.filter(({ isBuild }) => isBuild).length < this.#options.limits.buildsAtOnce;
  }

  async #run(job: Job, lane: Lane): Promise<void> {
    this.#running.set(job, lane);
    const { operation, timeout } = job.operation as { operation: OperationName; timeout?: number };
    await job.run((context) => this.#options.run(job.operation, context), timeout ?? this.#options.limits.timeMs(operation));
    this.#running.delete(job);
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

const JOURNAL = "journal.sse";
/** Written when a job has ended, so that a start need not read its journal. */
const VIEW = "view.json";

function endOf({ ended_at, created_at }: JobView): number {
  return ended_at ?? created_at;
}

function openFormerJournal(directory: string): Journal {
  const journal = new Journal(fileBacking(join(directory, JOURNAL)));
  journal.adopt();
  journal.complete();
  return journal;
}

/** The journal has it all; the view only spares the next start to read it. */
function writeView(directory: string, view: JobView): void {
  try {
    writeFileAtomic(join(directory, VIEW), JSON.stringify(view), 0o600);
  } catch {
    // A full disk: the next start reads the journal.
  }
}

function readEndedJob(directory: string) {
  try {
    return { view: JobView.parse(JSON.parse(readFileSync(join(directory, VIEW), "utf8"))), wasRunning: false };
  } catch {
    return undefined;
  }
}

/** What a journal says of its job, brought to an end when it has none; undefined when it does not even say what the job was. */
function readBrokenJob(directory: string) {
  const path = join(directory, JOURNAL);
  if (!existsSync(path)) return undefined;
  const journal = new Journal(fileBacking(path));
  let view: JobView | undefined;
  let hasLastWord = false;
  journal.adopt((event, data) => {
    hasLastWord ||= event === undefined;
    if (event !== undefined && event !== "log") view = applyWritten(view, event, data);
  });
  if (!view) return undefined;
  const wasRunning = !hasEnded(view.state);
  const ended = wasRunning ? interrupt(journal, view) : view;
  if (!wasRunning && !hasLastWord) journal.append(undefined, lastWord(view.state, view.error?.message ?? ""));
  journal.close();
  writeView(directory, ended);
  return { view: ended, wasRunning };
}

function applyWritten(view: JobView | undefined, event: string, data: string): JobView | undefined {
  try {
    const parsed = JobEvent.safeParse({ event, data: JSON.parse(data) });
    return parsed.success ? applyEvent(view, parsed.data) : view;
  } catch {
    return view;
  }
}

function applyEvent(view: JobView | undefined, { event, data }: JobEvent): JobView | undefined {
  if (event === "state" && data.job_id && data.operation) {
    return { job_id: data.job_id, state: data.state, operation: data.operation as JobView["operation"], created_at: data.at };
  }
  if (!view) return undefined;
  if (event === "state")
    return {
      ...view,
      state: data.state,
      ...(data.state === "running" ? { started_at: data.at } : {}),
      ...(hasEnded(data.state) ? { ended_at: data.at } : {}),
    };
  if (event === "step") return { ...view, step: { index: data.index, total: data.total, name: data.name } };
  if (event === "result") return { ...view, result: data };
  if (event === "error") return { ...view, error: data };
  return view;
}

/** Writes the end that the former hive could not write. */
function interrupt(journal: Journal, view: JobView): JobView {
  const error = fail("INTERRUPTED", {});
  const endedAt = Date.now();
  journal.append("error", JSON.stringify(error.toData()));
  journal.append("state", JSON.stringify({ state: "interrupted", at: endedAt }));
  journal.append(undefined, lastWord("interrupted", error.message));
  return { ...view, state: "interrupted", ended_at: endedAt, error: error.toData() };
}
