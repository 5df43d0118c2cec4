// Who may run beside whom: jobs that wait, jobs that run, and the rules between them.
import { fail } from "../../lib/errors.ts";
import type { Job } from "../job.ts";

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

export class Lanes {
  readonly #waiting = new Map<Job, Lane>();
  readonly #running = new Map<Job, Lane>();

  constructor(readonly limits: { readonly buildsAtOnce: number; readonly queued: number }) {}

  /** Jobs that wait or run, in the order in which they came. */
  get jobs(): Job[] {
    return [...this.#running.keys(), ...this.#waiting.keys()];
  }

  /** A job that does the same and is not being ended. */
  findJoinable(join: string): Job | undefined {
    return [...this.#running, ...this.#waiting].find(([job, lane]) => lane.join === join && job.state !== "cancelling")?.[0];
  }

  /** @throws QUEUE_FULL when no more may wait. */
  requireRoom(): void {
    if (this.#waiting.size >= this.limits.queued) throw fail("QUEUE_FULL", { limit: this.limits.queued });
  }

  wait(job: Job, lane: Lane): void {
    this.#waiting.set(job, lane);
  }

  /** Moves those who wait and may run now to those who run, and hands each to `start`. */
  startReady(start: (job: Job) => void): void {
    for (const [job, lane] of [...this.#waiting]) if (this.#mayRun(lane)) this.startNow(job, start);
  }

  /** Moves one who waits to those who run, whatever the rules say; one who does not wait stays where it is. */
  startNow(job: Job, start: (job: Job) => void): void {
    const lane = this.#waiting.get(job);
    if (!lane) return;
    this.#waiting.delete(job);
    this.#running.set(job, lane);
    start(job);
  }

  leave(job: Job): void {
    this.#running.delete(job);
  }

  /** One after the other for a key, in the order in which they came; a limit on builds. */
  #mayRun(lane: Lane): boolean {
    const running = [...this.#running.values()];
    if (lane.key !== undefined && running.some(({ key }) => key === lane.key)) return false;
    if (lane.key !== undefined && [...this.#waiting.values()].find(({ key }) => key === lane.key) !== lane) return false;
    if (lane.isBuild && running.some(({ emptiesCaches }) => emptiesCaches)) return false;
    if (lane.emptiesCaches && running.some(({ isBuild }) => isBuild)) return false;
    return !lane.isBuild || running.filter(({ isBuild }) => isBuild).length < this.limits.buildsAtOnce;
  }
}
