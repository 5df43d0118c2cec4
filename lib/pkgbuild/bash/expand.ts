// Expands words into fields: braces, parameters, substitutions, arithmetic, splitting, file patterns (bash(1), EXPANSION).

import { evaluateArithmetic } from "./arithmetic.ts";
import type { Part, Word } from "./ast.ts";
import { expandBraces } from "./braces.ts";
import { handOver, LimitExceeded, limits } from "./handover.ts";
import { expandParameter } from "./parameters.ts";
import { entriesOf, isUnknown, lookUp, plainText, refuseMark, type Shell, scalar, sized, spend, store, type Value } from "./shell.ts";
import { runSubstitution } from "./substitution.ts";

/** A stretch of an expanded word; a boundary parts the fields of `"$@"`. */
export type Piece = { readonly text: string; readonly quoted: boolean; readonly expanded: boolean } | { readonly boundary: true };

export const boundary: Piece = { boundary: true };

/** The fields that `words` expand to, as the arguments of a command. */
export function expandWords(shell: Shell, words: readonly Word[]): string[] {
  const fields: string[] = [];
  for (const word of words) {
    for (const each of expandBraces(word)) fields.push(...expandField(shell, each));
    if (fields.length > limits.elements) throw new LimitExceeded(`a list has more than ${limits.elements} elements`, shell.at);
  }
  return fields;
}

function expandField(shell: Shell, word: Word): string[] {
  const [only] = word.parts;
  if (word.parts.length === 1 && only?.type === "quoted") return [only.value];
  refuseTilde(word.parts, false);
  return splitFields(shell, expandParts(shell, word.parts, false));
}

/** The one text a word expands to where nothing is split: assignments, `case`, `[[`. */
export function expandText(shell: Shell, word: Word): string {
  refuseTilde(word.parts, true);
  return joinPieces(shell, expandParts(shell, word.parts, false));
}

/** As `expandText`, within double quotes: here-documents, arithmetic. */
export function expandQuoted(shell: Shell, parts: readonly Part[]): string {
  return joinPieces(shell, expandParts(shell, parts, true));
}

export function joinPieces(shell: Shell, pieces: readonly Piece[]): string {
  return sized(shell, pieces.map((piece) => ("boundary" in piece ? " " : piece.text)).join(""));
}

/** The text of a pattern: what was quoted is escaped. */
export function expandPattern(shell: Shell, word: Word): string {
  refuseTilde(word.parts, false);
  const pieces = expandParts(shell, word.parts, false);
  return pieces
    .map((piece) => ("boundary" in piece ? " " : piece.quoted ? refuseMark(piece.text).replace(/[\\*?[\]()|!+@^-]/g, "\\$&") : piece.text))
    .join("");
}

function refuseTilde(parts: readonly Part[], assigned: boolean): void {
  const [first] = parts;
  if (first?.type === "text" && first.value.startsWith("~")) handOver("a tilde");
  if (assigned && parts.some((part) => part.type === "text" && part.value.includes(":~"))) handOver("a tilde");
}

export function expandParts(shell: Shell, parts: readonly Part[], quoted: boolean): Piece[] {
  const pieces: Piece[] = [];
  for (const part of parts) expandPart(shell, part, quoted, pieces);
  return pieces;
}

function expandPart(shell: Shell, part: Part, quoted: boolean, pieces: Piece[]): void {
  switch (part.type) {
    case "text":
      pieces.push({ text: part.value, quoted, expanded: false });
      return;
    case "quoted":
      pieces.push({ text: part.value, quoted: true, expanded: false });
      return;
    case "double":
      pieces.push(...expandDouble(shell, part.parts));
      return;
    case "parameter":
      pieces.push(...expandParameter(shell, part, quoted));
      return;
    case "command":
      pieces.push({ text: sized(shell, runSubstitution(shell, part.body)), quoted, expanded: true });
      return;
    case "arithmetic":
      pieces.push({ text: String(arithmetic(shell, expandQuoted(shell, part.parts))), quoted, expanded: true });
      return;
    case "unmodelled":
      handOver(part.reason, part.start);
  }
}

/** Double quotes make an empty field even of nothing, unless an empty `"$@"` stands in them. */
function expandDouble(shell: Shell, parts: readonly Part[]): Piece[] {
  const pieces = expandParts(shell, parts, true);
  if (pieces.length > 0 || parts.length > 1) {
    if (pieces.length === 0) handOver("several empty lists in one pair of quotes");
    return pieces;
  }
  return parts.length === 0 ? [{ text: "", quoted: true, expanded: false }] : [];
}

export function arithmetic(shell: Shell, text: string): bigint {
  spend(shell, 1 + text.length);
  return evaluateArithmetic(refuseMark(text), {
    get: (name, index) => {
      const value = lookUp(shell, name);
      if (value === undefined && shell.options.has("nounset")) handOver("an unset variable", shell.at);
      return index === undefined ? plainText(value) : entriesOf(value).find(([key]) => key === String(index))?.[1];
    },
    set: (name, value, index) =>
      store(shell, name, index === undefined ? overScalar(shell, name, value) : handOver("assigning an element in arithmetic")),
  });
}

function overScalar(shell: Shell, name: string, text: string): Value {
  const old = lookUp(shell, name);
  return old === undefined || old.kind === "scalar" ? scalar(text) : handOver("assigning an array in arithmetic");
}

interface Field {
  text: string;
  /** As `text`, with quoted characters escaped; only kept to recognize file patterns. */
  pattern: string;
  started: boolean;
}

function splitFields(shell: Shell, pieces: readonly Piece[]): string[] {
  const fields: string[] = [];
  let field: Field = { text: "", pattern: "", started: false };
  const finish = () => {
    if (field.started) fields.push(globbed(shell, field));
    field = { text: "", pattern: "", started: false };
  };
  const separators = ifs(shell);
  for (const piece of pieces) {
    if ("boundary" in piece) finish();
    else if (piece.quoted) append(field, piece.text, true);
    else if (!piece.expanded) append(field, piece.text, false);
    else if (isUnknown(piece.text)) refuseMark(piece.text);
    else
      splitInto(piece.text, separators, {
        add: (text) => append(field, text, false),
        finish,
        started: () => field.started,
        begin: () => (field.started = true),
      });
  }
  finish();
  return fields;
}

function append(field: Field, text: string, quoted: boolean): void {
  field.text += text;
  field.pattern += quoted ? text.replace(/[\\*?[\]]/g, "\\$&") : text;
  field.started = true;
}

export function ifs(shell: Shell): string {
  return lookUp(shell, "IFS") === undefined ? " \t\n" : (plainText(lookUp(shell, "IFS")) ?? "");
}

/** Word splitting (bash(1), Word Splitting): runs of IFS white space part fields, every other IFS character ends one. */
function splitInto(
  text: string,
  separators: string,
  out: { add: (text: string) => void; finish: () => void; started: () => boolean; begin: () => void },
): void {
  if (text === "") return;
  const isSpace = (char: string) => separators.includes(char) && " \t\n".includes(char);
  const isOther = (char: string) => separators.includes(char) && !" \t\n".includes(char);
  let at = 0;
  let start = 0;
  while (at <= text.length) {
    const char = text[at] ?? "";
    if (at < text.length && !separators.includes(char)) {
      at++;
      continue;
    }
    if (at > start) out.add(text.slice(start, at));
    if (at === text.length) return;
    let other = false;
    while (at < text.length && (isSpace(text[at] ?? "") || (!other && isOther(text[at] ?? "")))) {
      if (isOther(text[at] ?? "")) other = true;
      at++;
    }
    if (other) out.begin();
    out.finish();
    start = at;
  }
}

/** A field with an unquoted `*`, `?` or `[` is a file pattern. It stays as it is where no file can match; where one may, bash has to look. */
function globbed(shell: Shell, field: Field): string {
  const bare = field.pattern.replace(/\\[\s\S]/g, "");
  if (!/[*?]|\[[^\]]*\]|\[.*\]/.test(bare) && !(shell.options.has("extglob") && /[?*+@!]\(/.test(bare))) return field.text;
  if (shell.options.has("nullglob") || shell.options.has("failglob") || shell.options.has("dotglob")) handOver("a file pattern", shell.at);
  const first = field.pattern.split("/")[0] ?? "";
  const literal = first.replace(/\\([\s\S])/g, "$1");
  if (first === "" || /[*?[(]/.test(first.replace(/\\[\s\S]/g, "")) || shell.directory === undefined) handOver("a file pattern", shell.at);
  if (literal === "." || literal === ".." || shell.directory.names().includes(literal)) handOver("a file pattern", shell.at);
  return field.text;
}
