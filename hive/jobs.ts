// All jobs of the hive: accepted, queued, joined, run, kept for a while, brought back after a crash.
import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, truncateSync } from "node:fs";
import { join } from "node:path";
import { JobEvent, type JobView } from "../lib/contract/events.ts";
import { type OperationName, operations } from "../lib/contract/operations.ts";
import { fail } from "../lib/errors.ts";
import { decodeSse } from "../lib/sse.ts";
import { removeTree } from "../lib/tree.ts";
import { type EndReason, Job, type JobContext } from "./job.ts";
import { hasEnded } from "./job-state.ts";
import { fileBacking, Journal } from "./journal.ts";

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
  /** How long an operation may run when its caller sets no limit; 0 means none. Milliseconds. */
  readonly timeMs: (operation: OperationName) => number;
}

/** A query's journal lies in memory and is kept this long after its end, so that its reader can come for it. */
const QUERY_KEPT_MS = 60_000;

export class Jobs {
  readonly #options: JobsOptions;
  readonly #jobs = new Map<string, Job>();
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
    return [...this.#waiting.map(({ job }) => job), ...this.#running.keys()].filter(
      (job) => operations[job.operation.operation].kind === "job",
    );
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
    const here = [...this.#jobs.values()].filter((job) => operations[job.operation.operation].kind === "job").map((job) => job.view());
    return [...here, ...[...this.#former.values()].map(({ view }) => view)].sort((a, b) => b.created_at - a.created_at);
  }

  /** The journal of a job that runs or ran. @throws JOB_NOT_FOUND. */
  journal(id: string): Journal {
    const job = this.#jobs.get(id);
    if (job) return job.journal;
    const former = this.#former.get(id);
    if (!former) throw fail("JOB_NOT_FOUND", { id });
    return openFormerJournal(join(this.#options.directory, id));
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
  async recover(): Promise<JobView[]> {
    const interrupted: JobView[] = [];
    for (const id of readdirSync(this.#options.directory)) {
      const directory = join(this.#options.directory, id);
      const view = await readFormerJob(directory);
      if (!view) {
        removeTree(directory);
        continue;
      }
      if (!hasEnded(view.state)) {
        interrupt(directory, view);
        interrupted.push(view);
      }
      this.#former.set(id, { view });
    }
    this.#forget();
    return interrupted;
  }

  #create(input: OperationInput): Job {
    const id = randomBytes(8).toString("hex");
    if (operations[input.operation].kind === "query") return this.#keep(new Job(id, input, new Journal()));
    const directory = join(this.#options.directory, id);
    mkdirSync(directory, { mode: 0o700 });
    return this.#keep(new Job(id, input, new Journal(fileBacking(join(directory, JOURNAL)))));
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
    this.#options.onEnd?.(job.view());
    if (operations[operation].kind === "query") setTimeout(() => this.#jobs.delete(job.id), QUERY_KEPT_MS).unref();
    else this.#forget();
    this.#schedule();
  }

  /** Lets go of the oldest ended jobs past the limits. */
  #forget(): void {
    const { keptJobs, keptMs } = this.#options.limits;
    const ended = this.list().filter((view) => hasEnded(view.state));
    const old = ended.filter((view, index) => index >= keptJobs || Date.now() - view.created_at > keptMs);
    for (const { job_id } of old) {
      this.#jobs.get(job_id)?.journal.close();
      this.#jobs.delete(job_id);
      this.#former.delete(job_id);
      removeTree(join(this.#options.directory, job_id));
    }
  }
}

interface FormerJob {
  readonly view: JobView;
}

const JOURNAL = "journal.sse";

function openFormerJournal(directory: string): Journal {
  const path = join(directory, JOURNAL);
  const journal = new Journal(fileBacking(path));
  journal.adopt(readFileSync(path));
  journal.complete();
  return journal;
}

/** What a journal says of its job; undefined when it does not even say what the job was. */
async function readFormerJob(directory: string): Promise<JobView | undefined> {
  const path = join(directory, JOURNAL);
  if (!existsSync(path)) return undefined;
  const bytes = readFileSync(path);
  let view: JobView | undefined;
  for await (const { event, data } of decodeSse(once(bytes))) {
    if (event === undefined || event === "log") continue;
    const parsed = JobEvent.safeParse({ event, data: JSON.parse(data) });
    if (parsed.success) view = applyEvent(view, parsed.data);
  }
  return view;
}

async function* once<Value>(value: Value): AsyncGenerator<Value> {
  yield value;
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
function interrupt(directory: string, view: JobView): void {
  const path = join(directory, JOURNAL);
  const bytes = readFileSync(path);
  const journal = new Journal(fileBacking(path));
  journal.adopt(bytes);
  // An event that the crash cut off would run into the next one.
  const error = fail("INTERRUPTED", {});
  const endedAt = Date.now();
  if (journal.sizeBytes < bytes.length) truncateSync(path, journal.sizeBytes);
  journal.append("error", JSON.stringify(error.toData()));
  journal.append("state", JSON.stringify({ state: "interrupted", at: endedAt }));
  journal.append(undefined, `[ERROR] ${error.message}`);
  journal.close();
  Object.assign(view, { state: "interrupted", ended_at: endedAt, error: error.toData() });
}
