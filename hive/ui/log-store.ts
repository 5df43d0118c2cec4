// The lines of a log: kept in order, told to the view at most once a frame, bounded.

export type LineKind = "note" | "warn";

/** A page keeps this many lines; past it the oldest go, and the whole log is with the hive (`rbee job logs`). */
const MAX_LINES = 2_000_000;

export class LogStore {
  /** Lines as they came, ANSI codes and all. */
  readonly lines: string[] = [];
  /** What is not a line of the program but said by rbee about it. */
  readonly kinds = new Map<number, LineKind>();
  /** Lines that were let go at the start. */
  dropped = 0;
  #version = 0;
  #isScheduled = false;
  /** The last line is a model's text that goes on. */
  #isOpen = false;
  readonly #listeners = new Set<() => void>();

  append(lines: readonly string[], kind?: LineKind): void {
    this.#isOpen = false;
    for (const line of lines) {
      if (kind) this.kinds.set(this.dropped + this.lines.length, kind);
      this.lines.push(line);
    }
    if (this.lines.length > MAX_LINES) this.#drop(MAX_LINES / 10);
    this.#tell();
  }

  /** Goes on with the last line: a model's answer comes in pieces, not in lines. */
  extend(text: string): void {
    const [first = "", ...rest] = text.split("\n");
    if (this.#isOpen) this.lines.push(this.lines.pop()! + first);
    else this.lines.push(first);
    this.lines.push(...rest);
    this.#isOpen = true;
    this.#tell();
  }

  /** What line `index` of {@link lines} is. */
  kindOf(index: number): LineKind | undefined {
    return this.kinds.get(this.dropped + index);
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  readonly version = (): number => this.#version;

  #drop(count: number): void {
    this.lines.splice(0, count);
    this.dropped += count;
    for (const index of this.kinds.keys()) if (index < this.dropped) this.kinds.delete(index);
  }

  #tell(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    const run = () => {
      this.#isScheduled = false;
      this.#version++;
      for (const listener of this.#listeners) listener();
    };
    if (document.visibilityState === "visible") requestAnimationFrame(run);
    else setTimeout(run, 100);
  }
}
