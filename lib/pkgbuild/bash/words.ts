// Parses words: quoting, expansions and what may stand inside them (bash(1), QUOTING and EXPANSION).
import type { Part, Word } from "./ast.ts";
import { parseSubstitution } from "./commands.ts";
import { handOver } from "./handover.ts";
import { parseBraced } from "./parameter-words.ts";
import { ansiQuoted } from "./quoting.ts";
import { nested, peek, type Source, sourceOf, startsWith, take, unclosed } from "./source.ts";

/** Characters that end an unquoted word (bash(1), DEFINITIONS: metacharacter). */
const metacharacters = new Set([" ", "\t", "\n", ";", "&", "|", "(", ")", "<", ">", ""]);
const special = new Set(["\\", "'", '"', "$", "`"]);
const extglobOpeners = new Set(["?", "*", "+", "@", "!"]);

export interface WordOptions {
  /** Ends the word besides or instead of the metacharacters. */
  readonly ends: (char: string) => boolean;
  /** Inside double quotes: only `$`, `` ` ``, `\` and `"` mean something. */
  readonly inDouble?: boolean;
  /** `@(a|b)` is one pattern here. */
  readonly extglob?: boolean;
  /** `<(…)` is a part of the word. */
  readonly processes?: boolean;
}

const plainWord: WordOptions = { ends: (char) => metacharacters.has(char), processes: true };

/** The word that stands here; it may be empty. */
export function parseWord(source: Source, options: WordOptions = plainWord): Word {
  const start = source.pos;
  const parts = parseParts(source, options);
  return { parts, start, end: source.pos };
}

function parseParts(source: Source, options: WordOptions): Part[] {
  const parts: Part[] = [];
  let text = "";
  const flush = () => {
    if (text !== "") parts.push({ type: "text", value: text });
    text = "";
  };
  for (;;) {
    text += plainRun(source);
    const char = peek(source);
    if ((char === "<" || char === ">") && options.processes && peek(source, 1) === "(") {
      flush();
      parts.push(processSubstitution(source));
      continue;
    }
    if (char === "" || options.ends(char)) break;
    if (special.has(char)) {
      if (char === "$" && !startsExpansion(source, options)) {
        text += char;
        source.pos++;
        continue;
      }
      flush();
      const part = parseSpecial(source, char, options);
      if (part !== undefined) parts.push(part);
    } else {
      text += char;
      source.pos++;
      if ((options.extglob || source.extglob) && !options.inDouble && extglobOpeners.has(char) && peek(source) === "(") {
        flush();
        parts.push(...extglobGroup(source));
      }
    }
  }
  flush();
  return parts;
}

const plain = new Uint8Array(128);
for (const char of "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-") plain[char.charCodeAt(0)] = 1;

/** Takes the letters, digits, `_`, `.` and `-` that stand here: they mean nothing in any word. */
function plainRun(source: Source): string {
  const start = source.pos;
  while (plain[source.text.charCodeAt(source.pos)] === 1) source.pos++;
  return source.text.slice(start, source.pos);
}

/** The parenthesis of an extended pattern, taken as one piece whatever stands in it. */
function extglobGroup(source: Source): Part[] {
  const start = source.pos;
  source.pos++;
  const parts = nested(source, () => parseParts(source, { ends: (char) => char === ")", extglob: true }));
  if (!take(source, ")")) unclosed(source, ")", start);
  return [{ type: "text", value: "(" }, ...parts, { type: "text", value: ")" }];
}

function processSubstitution(source: Source): Part {
  const start = source.pos;
  parseSubstitution(source);
  return { type: "unmodelled", reason: "process substitution", start };
}

/** `$` alone, before white space or an odd character, is just a dollar. */
function startsExpansion(source: Source, options: WordOptions): boolean {
  const next = peek(source, 1);
  if (/[A-Za-z0-9_{([@*#?$!-]/.test(next)) return true;
  return !options.inDouble && (next === "'" || next === '"');
}

function parseSpecial(source: Source, char: string, options: WordOptions): Part | undefined {
  if (char === "\\") return parseBackslash(source, options);
  if (char === "$") return parseDollar(source, options.inDouble ?? false);
  if (char === "`") return parseBackquotes(source);
  if (char === "'") return options.inDouble ? literalQuote(source) : parseSingle(source);
  return parseDouble(source);
}

function literalQuote(source: Source): Part {
  source.pos++;
  return { type: "text", value: "'" };
}

function parseBackslash(source: Source, options: WordOptions): Part | undefined {
  const next = peek(source, 1);
  source.pos += next === "" ? 1 : 2;
  if (next === "\n") return undefined;
  if (next === "") return { type: "quoted", value: "\\" };
  if (options.inDouble && !["$", "`", '"', "\\", "}"].includes(next)) return { type: "quoted", value: `\\${next}` };
  if (options.inDouble && next === "}" && !options.ends("}")) return { type: "quoted", value: "\\}" };
  return { type: "quoted", value: next };
}

function parseSingle(source: Source): Part {
  const start = source.pos;
  const end = source.text.indexOf("'", start + 1);
  if (end === -1) unclosed(source, "'", start);
  source.pos = end + 1;
  return { type: "quoted", value: source.text.slice(start + 1, end) };
}

/** What stands between double quotes. */
function parseDouble(source: Source): Part {
  const start = source.pos;
  source.pos++;
  const parts = nested(source, () => parseParts(source, { ends: (char) => char === '"', inDouble: true }));
  if (!take(source, '"')) unclosed(source, '"', start);
  return { type: "double", parts };
}

function parseDollar(source: Source, inDouble: boolean): Part {
  const start = source.pos;
  const next = peek(source, 1);
  if (next === "'") return ansiQuoted(source);
  if (next === '"') {
    source.pos++;
    parseDouble(source);
    return { type: "unmodelled", reason: "a translated string", start };
  }
  if (next === "{") return nested(source, () => parseBraced(source, inDouble));
  if (startsWith(source, "$((")) return parseArithmetic(source);
  if (next === "[") return oldArithmetic(source);
  if (next === "(") return { type: "command", body: parseSubstitution(source), start };
  const name = /^(?:[A-Za-z_]\w*|\d|[@*#?$!-])/.exec(source.text.slice(start + 1, start + 200))?.[0] ?? handOver("an odd expansion", start);
  source.pos += 1 + name.length;
  return { type: "parameter", name, start, bare: true };
}

/** `$((…))`; where the parentheses do not end together it is a command substitution that begins with a subshell (bash(1), Command Substitution). */
function parseArithmetic(source: Source): Part {
  const start = source.pos;
  source.pos += 3;
  const parts = nested(source, () => arithmeticParts(source));
  if (take(source, "))")) return { type: "arithmetic", parts, start };
  source.pos = start;
  const body = parseSubstitution(source);
  // bash looks for the end by counting parentheses first, which those of `case` and of comments upset.
  if (/\bcase\b|#/.test(source.text.slice(start, source.pos))) handOver("a subshell first in a substitution", start);
  return { type: "command", body, start };
}

/** `$[…]`, which bash still knows and its manual does not. */
function oldArithmetic(source: Source): Part {
  const start = source.pos;
  source.pos += 2;
  nested(source, () => arithmeticParts(source, "]"));
  if (!take(source, "]")) unclosed(source, "]", start);
  return { type: "unmodelled", reason: "$[…]", start };
}

/** Parts of an arithmetic expression up to the parenthesis that closes it: expanded as if within double quotes. */
export function arithmeticParts(source: Source, stop = ")"): Part[] {
  let depth = 0;
  const ends = (char: string) => {
    if (char === stop && depth === 0) return true;
    if (char === "(") depth++;
    if (char === ")") depth--;
    return char === "";
  };
  return parseParts(source, { ends, inDouble: true });
}

/** Backquotes: their text is a program of its own. Backslashes inside change meaning twice and are handed over. */
function parseBackquotes(source: Source): Part {
  const start = source.pos;
  let end = start + 1;
  while (source.text[end] !== "`") {
    if (end >= source.text.length) unclosed(source, "`", start);
    end += source.text[end] === "\\" ? 2 : 1;
  }
  const inner = source.text.slice(start + 1, end);
  if (inner.includes("\\")) {
    source.pos = end + 1;
    return { type: "unmodelled", reason: "a backslash inside backquotes", start };
  }
  const program = { ...sourceOf(`$(${inner}\n)`), nesting: source.nesting, extglob: source.extglob };
  source.pos = end + 1;
  return { type: "command", body: parseSubstitution(program), start };
}

/** The text of a here-document as parts: expanded like double quotes, except that `"` means nothing. */
export function heredocParts(text: string, extglob: boolean): Part[] {
  const source = { ...sourceOf(text), extglob };
  const parts: Part[] = [];
  while (source.pos < text.length) {
    parts.push(...parseParts(source, { ends: (char) => char === '"', inDouble: true }));
    if (take(source, '"')) parts.push({ type: "quoted", value: '"' });
  }
  return parts;
}
