// A job's events, kept exactly as they go over the wire: a reader is a copy of bytes, at its own pace, and costs no memory.
//
// A journal has a limit. When it is reached, the oldest log lines and progress give way until half of it is free, and a note takes the place
// of the last one that went. Numbers stay as they were, so a reader who comes back with a number goes on after it, or after the gap.

import { encodeSse } from "../../lib/sse.ts";
import { countPassed } from "./garbage.ts";
import { type Backing, memoryBacking } from "./journal-backing.ts";

/** One job's journal. Events have rising ids, 1, 2, 3 … when none gave way. */
export class Journal {
  readonly #backing: Backing;
  readonly #limitBytes: number;
  /** The ids of the events that are here, and where in the bytes each ends. */
  #ids: number[] = [];
  #ends: number[] = [];
  /** Whether each may give way. */
  #mayGo: boolean[] = [];
  #goneBytes = 0;
  /** The end that could not be written yet: the next event tries again. Whoever writes is told at once, so it stays small. */
  #unwritten = Buffer.alloc(0);
  /** Called when an event could not be written; it is kept and told to readers all the same. */
  onTrouble: (error: unknown) => void = () => {};
  #isComplete = false;
  #waiting: (() => void)[] = [];

  constructor(backing: Backing = memoryBacking(), { limitBytes = Number.POSITIVE_INFINITY }: { limitBytes?: number } = {}) {
    this.#backing = backing;
    this.#limitBytes = limitBytes;
  }

  get lastId(): number {
    return this.#ids.at(-1) ?? 0;
  }

  get sizeBytes(): number {
    return this.#ends.at(-1) ?? 0;
  }

  /** True once no event will follow. */
  get isComplete(): boolean {
    return this.#isComplete;
  }

  /** Writes an event before anybody is told of it; without a name it is the last one. See {@link onTrouble}. */
  append(event: string | undefined, data: string): void {
    const id = this.lastId + 1;
    let bytes = encode(id, event, data);
    if (this.sizeBytes + bytes.length > this.#limitBytes) {
      this.#makeRoom();
      // Making room writes an event of its own.
      bytes = encode(id, event, data);
    }
    const trouble = this.#write(bytes);
    countPassed(bytes.length);
    this.#index(id, this.sizeBytes + bytes.length, GIVES_WAY.has(event ?? ""));
    if (event === undefined) this.#isComplete = true;
    this.#wake();
    if (trouble !== undefined) this.onTrouble(trouble);
  }

  /** Whole events after number `afterId`, at most `maxBytes` unless a single one is larger; empty when there is none yet. */
  read(afterId: number, maxBytes: number): { bytes: Uint8Array; lastId: number } {
    const first = this.#firstAfter(afterId);
    const from = first === 0 ? 0 : this.#ends[first - 1]!;
    let last = first;
    while (last < this.#ids.length && (last === first || this.#ends[last]! - from <= maxBytes)) last++;
    if (last === first) return { bytes: new Uint8Array(), lastId: afterId };
    countPassed(this.#ends[last - 1]! - from);
    return { bytes: this.#bytes(from, this.#ends[last - 1]!), lastId: this.#ids[last - 1]! };
  }

  /** Resolves at the next event, or at once when there is one after `afterId`. */
  changed(afterId: number): Promise<void> {
    if (this.lastId > afterId || this.#isComplete) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** Takes over the events that a former process wrote, calling `onEvent` with each. An event cut off by a crash is left out and cut off the file. */
  adopt(onEvent?: (event: string | undefined, data: string) => void): void {
    let rest = Buffer.alloc(0);
    for (let at = 0; ; ) {
      const bytes = this.#backing.read(at, at + PIECE_BYTES);
      at += bytes.length;
      rest = Buffer.concat([rest, bytes]);
      let from = 0;
      for (let end = rest.indexOf("\n\n"); end >= 0; end = rest.indexOf("\n\n", from)) {
        this.#adoptEvent(rest.subarray(from, end + 2), onEvent);
        from = end + 2;
      }
      rest = rest.subarray(from);
      if (bytes.length === 0) break;
    }
    if (rest.length > 0) this.#backing.cut(this.sizeBytes);
  }

  complete(): void {
    this.#isComplete = true;
    this.#wake();
  }

  /** Gives back what writing needs; reading goes on. */
  close(): void {
    this.#backing.close();
  }

  #write(bytes: Uint8Array): unknown {
    const all = this.#unwritten.length > 0 ? Buffer.concat([this.#unwritten, bytes]) : bytes;
    try {
      this.#backing.append(all, this.sizeBytes - this.#unwritten.length);
      this.#unwritten = Buffer.alloc(0);
      return undefined;
    } catch (error) {
      this.#unwritten = Buffer.from(all);
      return error;
    }
  }

  #bytes(from: number, to: number): Uint8Array {
    const written = this.sizeBytes - this.#unwritten.length;
    if (to <= written) return this.#backing.read(from, to);
    const early = from < written ? this.#backing.read(from, written) : new Uint8Array();
    return Buffer.concat([early, this.#unwritten.subarray(Math.max(0, from - written), to - written)]);
  }

  #adoptEvent(block: Buffer, onEvent: ((event: string | undefined, data: string) => void) | undefined): void {
    const head = /^id: (\d+)\n(?:event: (\w+)\n)?data: /.exec(block.toString("latin1", 0, HEAD_BYTES));
    this.#index(Number(head?.[1] ?? this.lastId + 1), this.sizeBytes + block.length, GIVES_WAY.has(head?.[2] ?? ""));
    onEvent?.(head?.[2], block.toString("utf8", head?.[0].length ?? 0, block.length - 2));
  }

  #index(id: number, end: number, mayGo: boolean): void {
    this.#ids.push(id);
    this.#ends.push(end);
    this.#mayGo.push(mayGo);
  }

  /** The place of the first event whose id is greater. */
  #firstAfter(id: number): number {
    let low = 0;
    let high = this.#ids.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#ids[middle]! > id) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  /** Lets the oldest give way until half of the limit is free, as far as there is something that may. */
  #makeRoom(): void {
    if (this.#unwritten.length > 0) return;
    let excess = this.sizeBytes - this.#limitBytes / 2;
    const goes = this.#ids.map((_, place) => {
      const isGoing = this.#mayGo[place]! && excess > 0;
      if (isGoing) excess -= this.#lengthAt(place);
      return isGoing;
    });
    const lastGone = goes.lastIndexOf(true);
    if (lastGone < 0) return;
    for (const [place, isGoing] of goes.entries()) if (isGoing) this.#goneBytes += this.#lengthAt(place);
    const message = `The first lines of this log gave way to later ones: ${Math.round(this.#goneBytes / 1e6)} MB`;
    const note = encode(this.#ids[lastGone]!, "note", JSON.stringify({ level: "warn", message }));
    this.#rewrite(goes, lastGone, note);
  }

  #rewrite(goes: readonly boolean[], lastGone: number, note: Uint8Array): void {
    const before = { ids: this.#ids, ends: this.#ends, mayGo: this.#mayGo };
    const pieces: (Uint8Array | readonly [from: number, to: number])[] = [];
    this.#ids = [];
    this.#ends = [];
    this.#mayGo = [];
    for (const [place, isGoing] of goes.entries()) {
      const from = place === 0 ? 0 : before.ends[place - 1]!;
      if (isGoing && place !== lastGone) continue;
      const piece = isGoing ? note : ([from, before.ends[place]!] as const);
      pieces.push(piece);
      this.#index(
        before.ids[place]!,
        this.sizeBytes + (isGoing ? note.length : before.ends[place]! - from),
        isGoing || before.mayGo[place]!,
      );
    }
    try {
      this.#backing.rewrite(pieces);
    } catch {
      // No room for a smaller one beside it: it stays as it is, and the next event says what is wrong with the disk.
      this.#ids = before.ids;
      this.#ends = before.ends;
      this.#mayGo = before.mayGo;
    }
  }

  #lengthAt(place: number): number {
    return this.#ends[place]! - (place === 0 ? 0 : this.#ends[place - 1]!);
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const wake of waiting) wake();
  }
}

/** What may be lost when a journal is full; the note that stands for what went may go with them the next time. */
const GIVES_WAY: ReadonlySet<string> = new Set(["log", "progress", "text"]);
const PIECE_BYTES = 1 << 20;
/** More than the lines before an event's data take. */
const HEAD_BYTES = 80;

/** An event's bytes lie here until the next one: a build that prints without end would else leave as much garbage as it prints. */
const SCRATCH = Buffer.allocUnsafeSlow(1 << 18);
/** What a UTF-16 unit may take in UTF-8. Bytes. */
const WIDEST = 3;

/** The event as it goes over the wire; valid until the next call. */
function encode(id: number, event: string | undefined, data: string): Uint8Array {
  const head = `id: ${id}\n${event === undefined ? "" : `event: ${event}\n`}data: `;
  if (data.includes("\n") || (head.length + data.length + 2) * WIDEST > SCRATCH.length)
    return Buffer.from(encodeSse({ id: String(id), event, data }));
  let length = SCRATCH.write(head, 0, "latin1");
  length += SCRATCH.write(data, length, "utf8");
  length += SCRATCH.write("\n\n", length, "latin1");
  return SCRATCH.subarray(0, length);
}
