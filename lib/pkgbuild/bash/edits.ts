// What `${x#p}`, `${x%p}`, `${x/p/r}`, `${x^}` and `${x@U}` make of a value (bash(1), Parameter Expansion).
import type { Parameter, Word } from "./ast.ts";
import { expandParts, joinPieces, type Piece } from "./expand.ts";
import { handOver } from "./handover.ts";
import { compilePattern, matchEnds, type Pattern, type PatternOptions, refuseUnusual } from "./pattern.ts";
import { isUnknown, refuseMark, type Shell } from "./shell.ts";

/** Gives the text that replaces a match. */
type Replacement = (match: string) => string;

/** The replacement, in which an unquoted `&` stands for the match: patsub_replacement, on by default since bash 5.2. */
export function replacementOf(shell: Shell, word: Word): Replacement {
  if (word.parts[0]?.type === "text" && word.parts[0].value.startsWith("~")) handOver("a tilde", word.start);
  const pieces = expandParts(shell, word.parts, false);
  const bare = (piece: Piece) => !("boundary" in piece) && !piece.quoted && /[&\\]/.test(piece.text);
  if (!pieces.some(bare)) {
    const text = joinPieces(shell, pieces);
    return () => text;
  }
  if (pieces.some((piece) => !("boundary" in piece) && !piece.quoted && piece.text.includes("\\")))
    handOver("a backslash in a replacement", word.start);
  return (match) =>
    pieces.map((piece) => ("boundary" in piece ? " " : piece.quoted ? piece.text : piece.text.replaceAll("&", () => match))).join("");
}

export function edit(value: string, operator: string, pattern: Pattern, replacement: Replacement, options: PatternOptions): string {
  if (operator === "/#" && pattern.literal !== undefined) return afterPrefix(value, pattern.literal, replacement);
  refuseUnusual(refuseMark(value));
  options.spend(1 + value.length);
  if (operator === "#" || operator === "##") return value.slice(prefixEnd(value, pattern, operator === "##", options) ?? 0);
  if (operator === "%" || operator === "%%") return value.slice(0, suffixStart(value, pattern, operator === "%%", options) ?? value.length);
  if (operator === "/#") return replaceAt(value, prefixEnd(value, pattern, true, options), replacement);
  if (operator === "/%") {
    const start = suffixStart(value, pattern, true, options);
    return start === undefined ? value : value.slice(0, start) + replacement(value.slice(start));
  }
  return replaceMatches(value, pattern, replacement, operator === "//", options);
}

/** The one change that the stand-in of a function allows: another name at its start. */
function afterPrefix(value: string, prefix: string, replacement: Replacement): string {
  refuseUnknown(value);
  return value.startsWith(prefix) ? replacement(prefix) + value.slice(prefix.length) : value;
}

export const refuseUnknown = (value: string) => (isUnknown(value) ? refuseMark(value) : value);

const replaceAt = (value: string, end: number | undefined, replacement: Replacement) =>
  end === undefined ? value : replacement(value.slice(0, end)) + value.slice(end);

function prefixEnd(value: string, pattern: Pattern, longest: boolean, options: PatternOptions): number | undefined {
  if (pattern.literal !== undefined) return value.startsWith(pattern.literal) ? pattern.literal.length : undefined;
  const ends = matchEnds(pattern, value, 0, options);
  const end = longest ? ends.lastIndexOf(1) : ends.indexOf(1);
  return end === -1 ? undefined : end;
}

function suffixStart(value: string, pattern: Pattern, longest: boolean, options: PatternOptions): number | undefined {
  if (pattern.literal !== undefined) return value.endsWith(pattern.literal) ? value.length - pattern.literal.length : undefined;
  for (let step = 0; step <= value.length; step++) {
    const start = longest ? step : value.length - step;
    options.spend(1 + (value.length >> 4));
    if (matchEnds(pattern, value, start, options)[value.length] === 1) return start;
  }
  return undefined;
}

/** `/` and `//`: from left to right, the longest match at each place; an empty pattern matches nothing. */
function replaceMatches(value: string, pattern: Pattern, replacement: Replacement, all: boolean, options: PatternOptions): string {
  if (pattern.nodes.length === 0) return value;
  if (pattern.literal !== undefined)
    return all ? value.replaceAll(pattern.literal, replacement) : value.replace(pattern.literal, replacement);
  let result = "";
  let at = 0;
  while (at < value.length) {
    options.spend(1 + (value.length >> 4));
    const end = matchEnds(pattern, value, at, options).lastIndexOf(1);
    if (end === at) handOver("replacing an empty match");
    if (end === -1) {
      result += value[at];
      at++;
      continue;
    }
    result += replacement(value.slice(at, end));
    at = end;
    if (!all) break;
  }
  if (value === "" && matchEnds(pattern, value, 0, options)[0] === 1) handOver("replacing an empty match");
  return result + value.slice(at);
}

export function changeCase(value: string, operator: string, patternText: string, options: PatternOptions): string {
  if (/[^\0-\x7f]/.test(value)) handOver("the case of a letter that is not ASCII");
  const pattern = patternText === "" ? undefined : compilePattern(patternText, options);
  const change = (char: string) => (operator.startsWith("^") ? char.toUpperCase() : char.toLowerCase());
  const applies = (char: string) => pattern === undefined || matchEnds(pattern, char, 0, options)[1] === 1;
  const chars = [...value].map((char, index) => ((operator.length === 2 || index === 0) && applies(char) ? change(char) : char));
  return chars.join("");
}

export function transform(value: string, letter: string, part: Parameter): string {
  if (/[^\0-\x7f]/.test(value)) handOver("a transformation of text that is not ASCII", part.start);
  if (letter === "U") return value.toUpperCase();
  if (letter === "L") return value.toLowerCase();
  if (letter === "u") return value.slice(0, 1).toUpperCase() + value.slice(1);
  return handOver(`the transformation @${letter}`, part.start);
}
