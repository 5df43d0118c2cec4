// How many tokens an answer has, seen from beside while its bytes pass: a piece of a stream is one, until the worker says how many there were.

/** Every piece of a chat or a text has it once; a quote inside an answer's text is escaped, so what is found is never part of it. */
const PIECE = Buffer.from('"choices"');
/** What workers call the sum. Source: OpenAI's API reference, "usage"; llama.cpp's server, "timings". */
const TOTALS = ['"completion_tokens"', '"predicted_n"'].map((name) => Buffer.from(name));
/** What is looked for may be split between two reads; longer than any of it. Bytes. */
const KEPT = 64;

export interface Counter {
  /** Told of tokens as they come: for a chart, nearly right. */
  seen(count: number): void;
  /** Told once, at the end. */
  total(count: number): void;
}

export class TokenCount {
  readonly #isStream: boolean;
  readonly #counter: Counter;
  #rest: Buffer = Buffer.alloc(0);
  #pieces = 0;
  #total: number | undefined;
  #isOver = false;

  constructor(contentType: string, counter: Counter) {
    this.#isStream = contentType.startsWith("text/event-stream");
    this.#counter = counter;
  }

  /** Looks at a part of the answer; the bytes are left as they are. */
  look(bytes: Uint8Array): void {
    const before = this.#rest.length;
    const text = before === 0 ? Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength) : Buffer.concat([this.#rest, bytes]);
    if (this.#isStream) this.#see(countPieces(text, before));
    for (const name of TOTALS) this.#total = numberAfter(text, name) ?? this.#total;
    this.#rest = Buffer.from(text.subarray(-KEPT));
  }

  /** The answer is over, or nobody wants the rest. */
  end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    const total = this.#total ?? this.#pieces;
    if (!this.#isStream) this.#counter.seen(total);
    this.#counter.total(total);
  }

  #see(count: number): void {
    this.#pieces += count;
    if (count > 0) this.#counter.seen(count);
  }
}

/** Pieces that are whole only behind the first `before` bytes: the others were counted. */
function countPieces(text: Buffer, before: number): number {
  let count = 0;
  for (let at = text.indexOf(PIECE); at >= 0; at = text.indexOf(PIECE, at + PIECE.length)) if (at + PIECE.length > before) count++;
  return count;
}

/** The number of the last member called `name`; undefined where there is none, or where it is cut off. */
function numberAfter(text: Buffer, name: Buffer): number | undefined {
  const at = text.lastIndexOf(name);
  if (at < 0) return undefined;
  const behind = text.subarray(at + name.length, at + KEPT).toString("latin1");
  const number = /^\s*:\s*(\d{1,9})\b/.exec(behind)?.[1];
  return number === undefined ? undefined : Number(number);
}
