// Notices that nothing comes any more over a connection, before its headers and between its bytes.

/** Its signal fires when {@link touch} was not called for `limitMs`, or when the signal it was made with fires. */
export class StallWatch implements Disposable {
  readonly #stall = new AbortController();
  readonly #timer: ReturnType<typeof setInterval>;
  readonly signal: AbortSignal;
  #touchedAt = performance.now();

  constructor(limitMs: number, signal: AbortSignal) {
    this.signal = AbortSignal.any([signal, this.#stall.signal]);
    this.#timer = setInterval(() => {
      if (performance.now() - this.#touchedAt >= limitMs) this.#stall.abort();
    }, Math.min(limitMs, 1_000) / 2);
  }

  get isStalled(): boolean {
    return this.#stall.signal.aborted;
  }

  touch(): void {
    this.#touchedAt = performance.now();
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }
}
