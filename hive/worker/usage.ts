// What one worker process was asked and what it said, counted as it passes through; kept while the hive lives.
import type { WorkerUsage } from "../../lib/contract/views.ts";
import type { Counter } from "./token-count.ts";

const SLICE_MS = 2_000;
/** Two minutes: what a small chart shows. */
const SLICES = 60;

export class Usage implements Counter {
  #requests = 0;
  #tokens = 0;
  /** By the number of the slice since 1970; older ones give way. */
  readonly #slices = new Map<number, { requests: number; tokens: number }>();
  /** The running one: asked for at every token. */
  #running = { number: -1, requests: 0, tokens: 0 };

  addRequest(): void {
    this.#requests++;
    this.#slice().requests++;
  }

  /** Tokens on their way: they count for the chart. */
  seen(count: number): void {
    this.#slice().tokens += count;
  }

  /** Tokens of an answer that is over. */
  total(count: number): void {
    this.#tokens += count;
  }

  /** The slices end with the last whole one: the running one would always look too small. */
  view(now = Date.now()): Omit<WorkerUsage, "active" | "waiting"> {
    const last = Math.floor(now / SLICE_MS) - 1;
    const numbers = Array.from({ length: SLICES }, (_, at) => last - SLICES + 1 + at);
    const of = (field: "requests" | "tokens") => numbers.map((number) => this.#slices.get(number)?.[field] ?? 0);
    return {
      requests: this.#requests,
      tokens: this.#tokens,
      slice_ms: SLICE_MS,
      request_slices: of("requests"),
      token_slices: of("tokens"),
    };
  }

  #slice(): { requests: number; tokens: number } {
    const number = Math.floor(Date.now() / SLICE_MS);
    if (number === this.#running.number) return this.#running;
    this.#running = { number, requests: 0, tokens: 0 };
    this.#slices.set(number, this.#running);
    // One more than is shown: the running one.
    if (this.#slices.size > SLICES + 1) this.#slices.delete(this.#slices.keys().next().value!);
    return this.#running;
  }
}
