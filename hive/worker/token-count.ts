// How many tokens an answer has, seen from beside while its bytes pass: a piece of a stream is one, until the worker says how many there were.

/** Every piece of a chat or a text has it once; a quote inside an answer's text is escaped, so what is found is never part of it. */
const PIECE = Buffer.from('"choices"');
/** What workers call the sum; the last one counts. Source: OpenAI's API reference, "usage"; llama.cpp's server, "timings". */
const TOTALS = ['"completion_tokens"', '"predicted_n"'].map((name) => Buffer.from(name));
/** Within so many bytes of its end an answer tells its sum. */
const TAIL_BYTES = 8_192;
const LINE_FEED = 10;

export interface Counter {
  /** Told of tokens as they come: for a chart, nearly right. */
  seen(count: number): void;
  /** Told once, at the end. */
  total(count: number): void;
}

/** Stands between a worker and its client at every token: it copies nothing but what is cut in two. */
export class TokenCount {
  readonly #isStream: boolean;
  readonly #counter: Counter;
  /** The last parts of the answer, together no shorter than the tail. */
  #tail: Uint8Array[] = [];
  #tailBytes = 0;
  /** The end of a part that stopped within a line. */
  #cut: Buffer | undefined;
  #pieces = 0;
  #isOver = false;

  constructor(contentType: string, counter: Counter) {
    this.#isStream = contentType.startsWith("text/event-stream");
    this.#counter = counter;
  }

  /** Looks at a part of the answer; the bytes are left as they are and may not change afterwards. */
  look(bytes: Uint8Array): void {
    this.#keep(bytes);
    if (!this.#isStream) return;
    const part = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const count = countPieces(this.#cut ? Buffer.concat([this.#cut, part]) : part);
    // Shorter than what is looked for: it holds no whole one that would be counted twice.
    this.#cut = part[part.length - 1] === LINE_FEED ? undefined : endOf(this.#cut, part);
    this.#pieces += count;
    if (count > 0) this.#counter.seen(count);
  }

  /** The answer is over, or nobody wants the rest. */
  end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    const total = lastTotal(Buffer.concat(this.#tail)) ?? this.#pieces;
    this.#tail = [];
    if (!this.#isStream) this.#counter.seen(total);
    this.#counter.total(total);
  }

  #keep(bytes: Uint8Array): void {
    this.#tail.push(bytes);
    this.#tailBytes += bytes.length;
    for (let first = this.#tail[0]!; this.#tailBytes - first.length >= TAIL_BYTES; first = this.#tail[0]!) {
      this.#tailBytes -= first.length;
      this.#tail.shift();
    }
  }
}

function countPieces(text: Buffer): number {
  let count = 0;
  for (let at = text.indexOf(PIECE); at >= 0; at = text.indexOf(PIECE, at + PIECE.length)) count++;
  return count;
}

function endOf(cut: Buffer | undefined, part: Buffer): Buffer {
  const most = PIECE.length - 1;
  const all = cut && part.length < most ? Buffer.concat([cut, part]) : part;
  return Buffer.from(all.subarray(-most));
}

function lastTotal(text: Buffer): number | undefined {
  for (const name of TOTALS.map((total) => ({ total, at: text.lastIndexOf(total) })).sort((a, b) => b.at - a.at)) {
    const behind = name.at < 0 ? "" : text.subarray(name.at + name.total.length, name.at + name.total.length + 16).toString("latin1");
    const number = /^\s*:\s*(\d{1,9})\b/.exec(behind)?.[1];
    if (number !== undefined) return Number(number);
  }
  return undefined;
}
