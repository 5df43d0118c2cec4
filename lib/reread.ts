// What was made of a file when it was last read, for as long as the file is the same: of thousands, few change between two looks.
import { type Stats, statSync } from "node:fs";

interface Kept<Value> {
  readonly stats: Stats;
  readonly value: Value;
}

/** Values are shared by all who ask for them: nobody changes one. */
export class Reread<Value> {
  readonly #kept = new Map<string, Kept<Value>>();

  /** What `read` makes of the file now; undefined when there is none. Throws what `read` throws. */
  of(path: string, read: () => Value): Value | undefined {
    // Looked at before it is read: what is written meanwhile is seen the next time.
    const stats = statSync(path, { throwIfNoEntry: false });
    const former = this.#kept.get(path);
    if (stats && former && isSame(former.stats, stats)) return former.value;
    this.#kept.delete(path);
    if (!stats) return undefined;
    const value = read();
    this.#kept.set(path, { stats, value });
    return value;
  }

  /** Lets go of files that are not among these. */
  keepOnly(paths: readonly string[]): void {
    if (this.#kept.size <= paths.length && paths.every((path) => this.#kept.has(path))) return;
    const wanted = new Set(paths);
    for (const path of this.#kept.keys()) if (!wanted.has(path)) this.#kept.delete(path);
  }
}

function isSame(former: Stats, now: Stats): boolean {
  return former.ino === now.ino && former.size === now.size && former.mtimeMs === now.mtimeMs && former.ctimeMs === now.ctimeMs;
}
