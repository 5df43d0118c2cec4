// A job's events, kept exactly as they go over the wire: a reader is a copy of bytes, at its own pace, and costs no memory.
import { closeSync, openSync, readSync, writeSync } from "node:fs";
import { encodeSse } from "../lib/sse.ts";

/** Where the bytes lie: a file for jobs, memory for queries. */
interface Backing {
  append(bytes: Uint8Array): void;
  read(from: number, to: number): Uint8Array;
  close(): void;
}

/** One job's journal. Events have the ids 1, 2, 3 … */
export class Journal {
  readonly #backing: Backing;
  /** `#ends[n]` is where event n + 1 ends. */
  readonly #ends: number[] = [];
  #isComplete = false;
  #waiting: (() => void)[] = [];

  constructor(backing: Backing = memoryBacking()) {
    this.#backing = backing;
  }

  get lastId(): number {
    return this.#ends.length;
  }

  get sizeBytes(): number {
    return this.#ends.at(-1) ?? 0;
  }

  /** True once no event will follow. */
  get isComplete(): boolean {
    return this.#isComplete;
  }

  /** Writes an event before anybody is told of it; without a name it is the last one. */
  append(event: string | undefined, data: string): void {
    const bytes = new TextEncoder().encode(encodeSse({ id: String(this.lastId + 1), event, data }));
    this.#backing.append(bytes);
    this.#ends.push(this.sizeBytes + bytes.length);
    if (event === undefined) this.#isComplete = true;
    this.#wake();
  }

  /** Whole events after number `afterId`, at most `maxBytes` unless a single one is larger; empty when there is none yet. */
  read(afterId: number, maxBytes: number): { bytes: Uint8Array; lastId: number } {
    const from = afterId === 0 ? 0 : (this.#ends[afterId - 1] ?? this.sizeBytes);
    let last = Math.min(afterId, this.lastId);
    while (last < this.lastId && (last === afterId || this.#ends[last]! - from <= maxBytes)) last++;
    const to = last === 0 ? 0 : this.#ends[last - 1]!;
    return { bytes: this.#backing.read(from, to), lastId: last };
  }

  /** Resolves at the next event, or at once when there is one after `afterId`. */
  changed(afterId: number): Promise<void> {
    if (this.lastId > afterId || this.#isComplete) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** Takes over the events that a former process wrote; `bytes` is the whole file. An event cut off by a crash is not counted. */
  adopt(bytes: Uint8Array): void {
    const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    for (let from = 0; ; ) {
      const end = text.indexOf("\n\n", from);
      if (end < 0) return;
      this.#ends.push(end + 2);
      from = end + 2;
    }
  }

  complete(): void {
    this.#isComplete = true;
    this.#wake();
  }

  close(): void {
    this.#backing.close();
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const wake of waiting) wake();
  }
}

function memoryBacking(): Backing {
  let content = Buffer.alloc(0);
  return {
    append: (bytes) => {
      content = Buffer.concat([content, bytes]);
    },
    read: (from, to) => content.subarray(from, to),
    close: () => {},
  };
}

/** A file that is only ever appended to. The descriptor is opened when first used and given back by `close`. */
export function fileBacking(path: string): Backing {
  let file: number | undefined;
  const open = () => (file ??= openSync(path, "a+", 0o600));
  return {
    append: (bytes) => {
      let written = 0;
      while (written < bytes.length) written += writeSync(open(), bytes, written);
    },
    read: (from, to) => {
      const bytes = new Uint8Array(to - from);
      let got = 0;
      while (got < bytes.length) {
        const count = readSync(open(), bytes, got, bytes.length - got, from + got);
        if (count === 0) break;
        got += count;
      }
      return bytes.subarray(0, got);
    },
    close: () => {
      if (file !== undefined) closeSync(file);
      file = undefined;
    },
  };
}
