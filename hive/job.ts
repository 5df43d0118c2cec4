// One job: its state, its signal, its journal, and what its handler may do with it. The only writer of a job's state.
//
// The outcome is claimed once, by whoever comes first: the handler's return or failure, a cancel, a time-out, a shutdown. A claimed cancel
// aborts the signal; the state becomes final only after the handler has settled and every `finally` has run, so "cancelled" is said last.
import { type JobState, type JobView, lastWord } from "../lib/contract/events.ts";
import { type OperationName, operations } from "../lib/contract/operations.ts";
import { fail, RbeeError, toRbeeError } from "../lib/errors.ts";
import type { OutputStream } from "../lib/shell.ts";
import type { Journal } from "./job/journal.ts";
import { hasEnded, nextState } from "./job-state.ts";

export type EndReason = "cancelled" | "timed_out" | "interrupted";

type Outcome =
  | { readonly as: "succeeded"; readonly result: unknown }
  | { readonly as: "failed"; readonly error: RbeeError }
  | { readonly as: EndReason; readonly error: RbeeError };

/** What a handler sees of its job. */
export interface JobContext {
  readonly id: string;
  /** Fires when the job is to end; its reason is the error to end with. */
  readonly signal: AbortSignal;
  /** Runs one of the operation's steps and tells its start, end and time. */
  step<Result>(name: string, action: () => Result | Promise<Result>): Promise<Result>;
  /** Tells that a step was not needed. */
  skip(name: string): void;
  /** Runs as the step `name` when the job ends, however it ends. */
  finally(name: string, action: () => void | Promise<void>): void;
  /** From here on the job can only succeed: a later cancel is refused. Throws the signal's reason when it came too late. */
  commit(): void;
  log(stream: OutputStream, lines: string[]): void;
  note(message: string, level?: "info" | "warn"): void;
  progress(progress: { what: string; done: number; total: number | null; unit: string }): void;
  text(text: string): void;
  /** Asks whoever follows the job to run this with more rights. */
  elevate(command: readonly string[]): void;
}

/** Lines are told together when this time is over or this much has come. */
const LOG_MS = 10;
const LOG_BYTES = 65_536;
/** Progress is told at most this often for one thing. */
const PROGRESS_MS = 100;
/** A failed job repeats the end of its log. Lines. */
const TAIL_LINES = 20;

export class Job {
  readonly createdAt = Date.now();
  readonly #createdTick = performance.now();
  readonly #abort = new AbortController();
  readonly #ended = Promise.withResolvers<void>();
  readonly #finally: { name: string; action: () => void | Promise<void> }[] = [];
  readonly #tail: string[] = [];
  readonly #progressAt = new Map<string, number>();
  #state: JobState = "queued";
  #outcome: Outcome | undefined;
  #isCommitted = false;
  #startedAt: number | undefined;
  #endedAt: number | undefined;
  #step: JobView["step"];
  #batch: { stream: OutputStream; lines: string[]; bytes: number } | undefined;
  #limit: { readonly timer: ReturnType<typeof setTimeout>; done?: number } | undefined;
  #batchTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    readonly id: string,
    readonly operation: { readonly operation: OperationName } & Readonly<Record<string, unknown>>,
    readonly journal: Journal,
  ) {
    journal.onTrouble = (error) => this.#breakOff(error);
    this.#tell("state", { state: "queued", at: this.createdAt, job_id: id, operation });
  }

  get state(): JobState {
    return this.#state;
  }

  get hasEnded(): boolean {
    return hasEnded(this.#state);
  }

  /** Resolves when the job has ended and nothing of it is left. */
  get ended(): Promise<void> {
    return this.#ended.promise;
  }

  view(): JobView {
    const outcome = this.hasEnded ? this.#outcome : undefined;
    return {
      job_id: this.id,
      state: this.#state,
      operation: this.operation,
      created_at: this.createdAt,
      ...(this.#startedAt === undefined ? {} : { started_at: this.#startedAt }),
      ...(this.#endedAt === undefined ? {} : { ended_at: this.#endedAt }),
      ...(this.#step ? { step: this.#step } : {}),
      ...(outcome?.as === "succeeded" ? { result: outcome.result } : {}),
      ...(outcome && "error" in outcome ? { error: outcome.error.toData() } : {}),
    };
  }

  /** The error that the job ended with, when it did. */
  get error(): RbeeError | undefined {
    return this.hasEnded && this.#outcome && "error" in this.#outcome ? this.#outcome.error : undefined;
  }

  /** Asks the job to end for this reason. False when its outcome is settled already; {@link ended} says when it is over. */
  end(reason: EndReason, error: RbeeError): boolean {
    if (this.#outcome || this.#isCommitted) return false;
    this.#outcome = { as: reason, error };
    this.#setState("cancelling");
    this.#abort.abort(error);
    return true;
  }

  /** Runs the handler from `queued` to the end. Never rejects. */
  async run(handler: (context: JobContext) => Promise<unknown>, limitMs: number): Promise<void> {
    if (this.#state === "queued") this.#setState("running");
    if (this.#state === "running") {
      this.#startedAt = this.#now();
      this.#startLimit(limitMs);
      try {
        const result = await handler(this.#context());
        this.#outcome ??= { as: "succeeded", result };
      } catch (thrown) {
        this.#fail(thrown);
      }
    }
    clearTimeout(this.#limit?.timer);
    await this.#runFinally();
    this.#finish();
  }

  #startLimit(limitMs: number): void {
    clearTimeout(this.#limit?.timer);
    if (limitMs > 0) this.#limit = { timer: setTimeout(() => this.#timeOut(limitMs), limitMs) };
  }

  #timeOut(limitMs: number): void {
    const what = describe(this.operation);
    const limit = `${limitMs / 1000} s`;
    const isStill = operations[this.operation.operation].limitCounts === "stillness";
    this.end("timed_out", isStill ? fail("NO_PROGRESS", { what, limit }) : fail("TIMED_OUT", { what, limit }));
  }

  /** A job whose journal cannot be written does not go on unseen. */
  #breakOff(thrown: unknown): void {
    if (this.#outcome || this.#isCommitted) return;
    const error = toRbeeError(thrown);
    this.#outcome = { as: "failed", error };
    if (this.#state === "running") this.#setState("cancelling");
    this.#abort.abort(error);
  }

  /** The first reason wins, with one exception: what could not be killed must be told. The words may be those of who knows more. */
  #fail(thrown: unknown): void {
    const error = toRbeeError(thrown);
    if (!this.#outcome) this.#outcome = { as: "failed", error: this.#withTail(error) };
    else if (error.code === "CANCEL_INCOMPLETE") this.#outcome = { as: "failed", error };
    // The same time-out, told by who knows what the log says.
    else if (error.code === "START_TIMED_OUT" && this.#outcome.as === "timed_out") this.#outcome = { as: "timed_out", error };
  }

  #withTail(error: RbeeError): RbeeError {
    this.#flush();
    if (error.code !== "BUILD_FAILED" || this.#tail.length === 0) return error;
    return new RbeeError(error.code, error.message, { hint: error.hint, data: { tail: this.#tail }, cause: error });
  }

  async #runFinally(): Promise<void> {
    for (const { name, action } of this.#finally.reverse()) {
      try {
        await this.#runStep(name, action);
      } catch (thrown) {
        const error = toRbeeError(thrown);
        if (this.#outcome?.as === "succeeded") this.#tell("note", { level: "warn", message: `${name}: ${error.message}` });
        else this.#fail(thrown);
      }
    }
  }

  #finish(): void {
    const outcome = this.#outcome!;
    this.#flush();
    if (outcome.as === "succeeded") this.#tell("result", outcome.result ?? null);
    else this.#tell("error", outcome.error.toData());
    this.#endedAt = this.#now();
    this.#setState(outcome.as);
    this.journal.append(undefined, lastWord(outcome.as, "error" in outcome ? outcome.error.message : ""));
    this.#ended.resolve();
  }

  #setState(state: JobState): void {
    this.#state = nextState(this.#state, state);
    this.#tell("state", { state, at: this.#now() });
  }

  /** The time by a clock that nobody sets: a job never ends before it began. */
  #now(): number {
    return this.createdAt + Math.round(performance.now() - this.#createdTick);
  }

  #tell(event: string, data: unknown): void {
    this.#flush();
    this.journal.append(event, JSON.stringify(data));
  }

  #context(): JobContext {
    return {
      id: this.id,
      signal: this.#abort.signal,
      step: (name, action) => {
        this.#abort.signal.throwIfAborted();
        return this.#runStep(name, action);
      },
      skip: (name) => this.#tell("step", { ...this.#place(name), status: "skipped" }),
      finally: (name, action) => void this.#finally.push({ name, action }),
      commit: () => {
        this.#abort.signal.throwIfAborted();
        this.#isCommitted = true;
      },
      log: (stream, lines) => this.#log(stream, lines),
      note: (message, level = "info") => this.#tell("note", { level, message }),
      progress: (progress) => this.#progress(progress),
      text: (text) => this.#tell("text", { text }),
      elevate: (command) => this.#tell("elevate", { command: [...command] }),
    };
  }

  async #runStep<Result>(name: string, action: () => Result | Promise<Result>): Promise<Result> {
    const place = this.#place(name);
    const from = performance.now();
    const ms = () => Math.round(performance.now() - from);
    this.#step = place;
    this.#tell("step", { ...place, status: "running" });
    try {
      const result = await action();
      this.#tell("step", { ...place, status: "done", ms: ms() });
      return result;
    } catch (error) {
      this.#tell("step", { ...place, status: this.#abort.signal.aborted ? "cancelled" : "failed", ms: ms() });
      throw error;
    }
  }

  #place(name: string) {
    const { steps } = operations[this.operation.operation];
    const index = (steps as readonly string[]).indexOf(name) + 1;
    if (index === 0) throw new Error(`${this.operation.operation} has no step "${name}"`);
    return { index, total: steps.length, name };
  }

  #log(stream: OutputStream, lines: string[]): void {
    this.#tail.push(...lines.slice(-TAIL_LINES));
    if (this.#tail.length > TAIL_LINES) this.#tail.splice(0, this.#tail.length - TAIL_LINES);
    if (this.#batch && this.#batch.stream !== stream) this.#flush();
    this.#batch ??= { stream, lines: [], bytes: 0 };
    for (const line of lines) {
      this.#batch.lines.push(line);
      this.#batch.bytes += line.length + 3;
      if (this.#batch.bytes >= LOG_BYTES) {
        this.#flush();
        this.#batch = { stream, lines: [], bytes: 0 };
      }
    }
    this.#batchTimer ??= setTimeout(() => this.#flush(), LOG_MS);
  }

  #flush(): void {
    clearTimeout(this.#batchTimer);
    this.#batchTimer = undefined;
    const batch = this.#batch;
    this.#batch = undefined;
    if (batch && batch.lines.length > 0) this.journal.append("log", JSON.stringify({ stream: batch.stream, lines: batch.lines }));
  }

  /** Where the limit counts stillness, what moves forward has all of it again. */
  #moveLimit(done: number): void {
    if (!this.#limit || done === this.#limit.done || operations[this.operation.operation].limitCounts !== "stillness") return;
    this.#limit.done = done;
    this.#limit.timer.refresh();
  }

  #progress(progress: { what: string; done: number; total: number | null; unit: string }): void {
    this.#moveLimit(progress.done);
    const isLast = progress.done === progress.total;
    if (!isLast && performance.now() - (this.#progressAt.get(progress.what) ?? Number.NEGATIVE_INFINITY) < PROGRESS_MS) return;
    this.#progressAt.set(progress.what, performance.now());
    this.#tell("progress", progress);
  }
}

function describe({ operation }: { operation: OperationName }): string {
  return operations[operation].command?.join(" ") ?? operation;
}
