// How often one worker crashed lately, and what follows from it.
export interface RestartRules {
  /** So many times within the window it is started again. */
  readonly most: number;
  readonly withinMs: number;
  /** Before the first new start; doubled each time, up to the longest. */
  readonly firstPauseMs: number;
  readonly longestPauseMs: number;
}

export const RESTARTS: RestartRules = { most: 5, withinMs: 10 * 60_000, firstPauseMs: 1_000, longestPauseMs: 60_000 };

export class Crashes {
  #at: number[] = [];

  constructor(readonly rules: RestartRules) {}

  /** Counts one. Returns how long to wait before the next start, or undefined when there were too many. */
  count(now = Date.now()): number | undefined {
    this.#at = [...this.#at.filter((at) => now - at < this.rules.withinMs), now];
    if (this.#at.length > this.rules.most) return undefined;
    return Math.min(this.rules.firstPauseMs * 2 ** (this.#at.length - 1), this.rules.longestPauseMs);
  }

  /** The rule that was broken, in words. */
  get excess(): string {
    return `it had been started again ${this.rules.most} times in ${this.rules.withinMs / 60_000} minutes`;
  }
}
