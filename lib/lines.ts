// Cuts a stream of bytes into lines of text, whatever the bytes are.

/** A line longer than this is handed on in pieces, so that a program that never ends its line costs no memory. Characters. */
const MAX_LINE = 16_384;

/** Takes bytes as they come and calls `onLines` with the whole lines among them. Invalid UTF-8 becomes U+FFFD; `\r` and control codes stay. */
export class LineSplitter {
  readonly #decoder = new TextDecoder();
  readonly #onLines: (lines: string[]) => void;
  #rest = "";

  constructor(onLines: (lines: string[]) => void) {
    this.#onLines = onLines;
  }

  push(bytes: Uint8Array): void {
    const lines = (this.#rest + this.#decoder.decode(bytes, { stream: true })).split("\n");
    this.#rest = lines.pop() ?? "";
    while (this.#rest.length > MAX_LINE) {
      lines.push(this.#rest.slice(0, MAX_LINE));
      this.#rest = this.#rest.slice(MAX_LINE);
    }
    const isLong = lines.some((line) => line.length > MAX_LINE);
    if (lines.length > 0) this.#onLines(isLong ? lines.flatMap(cut) : lines);
  }

  /** Hands on what is left when the stream has ended without a newline. */
  end(): void {
    const rest = this.#rest + this.#decoder.decode();
    this.#rest = "";
    if (rest) this.#onLines(cut(rest));
  }
}

function cut(line: string): string[] {
  if (line.length <= MAX_LINE) return [line];
  const pieces: string[] = [];
  for (let from = 0; from < line.length; from += MAX_LINE) pieces.push(line.slice(from, from + MAX_LINE));
  return pieces;
}
