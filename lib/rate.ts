// How fast something goes and how long it will still take, from what was seen in the last seconds.

/** Older looks do not count: a download's speed is what it is now. Milliseconds. */
const WINDOW_MS = 5_000;

interface Look {
  readonly at: number;
  readonly done: number;
}

/** Takes looks at a growing number. `now` in milliseconds, of any clock that only goes forward. */
export class Rate {
  #looks: readonly Look[] = [];

  look(done: number, now: number): void {
    const isNew = (this.#looks.at(-1)?.done ?? done) > done;
    const kept = isNew ? [] : this.#looks.filter(({ at }) => now - at <= WINDOW_MS);
    this.#looks = [...kept, { at: now, done }];
  }

  /** Units a second; undefined before there is enough to tell. */
  get perSecond(): number | undefined {
    const [first, last] = [this.#looks[0], this.#looks.at(-1)];
    if (!first || !last || last.at - first.at < 500 || last.done <= first.done) return undefined;
    return ((last.done - first.done) * 1_000) / (last.at - first.at);
  }

  /** Milliseconds until `total` is reached at this speed; undefined when nobody can tell. */
  leftMs(total: number): number | undefined {
    const last = this.#looks.at(-1);
    const speed = this.perSecond;
    return last && speed ? Math.max(0, (total - last.done) / speed) * 1_000 : undefined;
  }
}
