// `$'…'`: the escapes of ANSI C (bash(1), QUOTING).
import type { Part } from "./ast.ts";
import { type Source, unclosed } from "./source.ts";

const simple: Record<string, string> = {
  ...{ a: "\x07", b: "\b", e: "\x1b", E: "\x1b", f: "\f", n: "\n", r: "\r", t: "\t", v: "\v" },
  ...{ "\\": "\\", "'": "'", '"': '"', "?": "?" },
};

/** The quoted text that starts here with `$'`. */
export function ansiQuoted(source: Source): Part {
  const start = source.pos;
  const { text } = source;
  let value = "";
  let known = true;
  let at = start + 2;
  while (text[at] !== "'") {
    if (at >= text.length) unclosed(source, "'", start);
    if (text[at] !== "\\") {
      value += text[at];
      at++;
      continue;
    }
    const [piece, length] = escapeAt(text, at);
    if (piece === undefined) known = false;
    value += piece ?? "";
    at += length;
  }
  source.pos = at + 1;
  return known ? { type: "quoted", value } : { type: "unmodelled", reason: "a rare escape in $'…'", start };
}

/** What the escape at `at` stands for, nothing where it is no character, and how long it is. */
function escapeAt(text: string, at: number): [value: string | undefined, length: number] {
  const next = text[at + 1] ?? "";
  const known = simple[next];
  if (known !== undefined) return [known, 2];
  const number = /^\\(?:([0-7]{1,3})|x([0-9A-Fa-f]{1,2})|u([0-9A-Fa-f]{1,4}))/.exec(text.slice(at, at + 8));
  if (number === null) return /[xuUc0-9]/.test(next) ? [undefined, 2] : [`\\${next}`, 2];
  const code = number[1] === undefined ? Number.parseInt(number[2] ?? number[3] ?? "", 16) : Number.parseInt(number[1], 8);
  if (code === 0 || (number[3] === undefined && code > 127)) return [undefined, number[0].length];
  return [String.fromCharCode(code), number[0].length];
}
