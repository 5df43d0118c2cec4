// The text being parsed and the place in it: what the word parser and the command parser share.
import type { Word } from "./ast.ts";
import { BashSyntaxError, LimitExceeded, limits } from "./handover.ts";

/** A here-document whose body follows on the next line. */
export interface PendingHeredoc {
  readonly delimiter: string;
  readonly quoted: boolean;
  readonly stripTabs: boolean;
  readonly fill: (target: Word) => void;
}

export interface Source {
  readonly text: string;
  pos: number;
  /** Set by `shopt -s extglob` while the recipe runs; bash parses line by line, so later lines see it. */
  extglob: boolean;
  nesting: number;
  /** How many `$(…)` stand around this place. */
  substitutions: number;
  heredocs: PendingHeredoc[];
}

export const sourceOf = (text: string): Source => ({ text, pos: 0, extglob: false, nesting: 0, substitutions: 0, heredocs: [] });

export const peek = (source: Source, ahead = 0): string => source.text[source.pos + ahead] ?? "";

export const startsWith = (source: Source, text: string): boolean => source.text.startsWith(text, source.pos);

/** Takes `text` if it stands here. */
export function take(source: Source, text: string): boolean {
  if (!source.text.startsWith(text, source.pos)) return false;
  source.pos += text.length;
  return true;
}

export function unexpected(source: Source): never {
  const found = source.text.slice(source.pos).match(/^(?:;;|&&|\|\||[^\s\w]|\w+|\n)?/)?.[0] ?? "";
  const reason =
    found === "" ? "syntax error: unexpected end of file" : `syntax error near unexpected token \`${found === "\n" ? "newline" : found}'`;
  throw new BashSyntaxError(reason, source.pos);
}

export function unclosed(source: Source, what: string, start: number): never {
  source.pos = start;
  throw new BashSyntaxError(`unexpected EOF while looking for matching \`${what}'`, start);
}

/** Runs `parse` one level deeper. */
export function nested<Result>(source: Source, parse: () => Result): Result {
  source.nesting++;
  if (source.nesting > limits.nesting) throw new LimitExceeded(`it nests more than ${limits.nesting} levels deep`, source.pos);
  const result = parse();
  source.nesting--;
  return result;
}

/** White space, line continuations and comments, but no newline. */
export function skipBlanks(source: Source): void {
  for (;;) {
    const char = peek(source);
    if (char === " " || char === "\t") source.pos++;
    else if (char === "\\" && peek(source, 1) === "\n") source.pos += 2;
    else if (char === "#") skipComment(source);
    else return;
  }
}

function skipComment(source: Source): void {
  const end = source.text.indexOf("\n", source.pos);
  source.pos = end === -1 ? source.text.length : end;
}
