// The requests that one worker has and those that wait for it: one client after the other, interactive ones before batch.
import { fail } from "../../lib/errors.ts";

export interface Turn {
  /** Who asks: its requests take turns with those of others. */
  readonly client: string;
  readonly isBatch: boolean;
  readonly signal: AbortSignal;
}

interface Waiting extends Turn {
  readonly start: () => void;
}

/** More than this many waiting are sent away. */
const MAX_WAITING = 256;
/** While interactive requests wait, every eighth turn goes to a batch one: it is slow, never stuck. */
const BATCH_SHARE = 8;

export class WorkerQueue {
  readonly #parallel: number;
  readonly #waiting: Waiting[] = [];
  #active = 0;
  #turns = 0;
  #lastClient = "";

  constructor(parallel: number) {
    this.#parallel = parallel;
  }

  /** Requests that run or wait. */
  get load(): number {
    return this.#active + this.#waiting.length;
  }

  get active(): number {
    return this.#active;
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  /** Waits for a turn; whoever got it calls {@link leave} once. @throws WORKER_BUSY when too many wait; the signal's reason. */
  async enter(turn: Turn): Promise<void> {
    turn.signal.throwIfAborted();
    if (this.#active < this.#parallel) return this.#begin(turn);
    if (this.#waiting.length >= MAX_WAITING) throw fail("WORKER_BUSY", { limit: MAX_WAITING });
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const waiting = { ...turn, start: resolve };
    const leave = () => {
      const index = this.#waiting.indexOf(waiting);
      if (index >= 0) this.#waiting.splice(index, 1);
      reject(turn.signal.reason);
    };
    turn.signal.addEventListener("abort", leave, { once: true });
    this.#waiting.push(waiting);
    await promise.finally(() => turn.signal.removeEventListener("abort", leave));
  }

  leave(): void {
    this.#active--;
    const next = this.#next();
    if (!next) return;
    this.#waiting.splice(this.#waiting.indexOf(next), 1);
    this.#begin(next);
    next.start();
  }

  #begin({ client }: Turn): void {
    this.#active++;
    this.#turns++;
    this.#lastClient = client;
  }

  /** The longest waiting of another client than the last one's, of the class whose turn it is. */
  #next(): Waiting | undefined {
    const isBatchTurn = this.#turns % BATCH_SHARE === 0;
    const ofClass = this.#waiting.filter(({ isBatch }) => isBatch === isBatchTurn);
    const candidates = ofClass.length > 0 ? ofClass : this.#waiting;
    return candidates.find(({ client }) => client !== this.#lastClient) ?? candidates[0];
  }
}
