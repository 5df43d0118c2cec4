// Parses command lines, lists, pipelines and simple commands (bash(1), SHELL GRAMMAR).
import type { AndOr, ArrayElement, ArrayValue, Assignment, Command, List, Pipeline, Redirect, Simple, Word } from "./ast.ts";
import { isAssignment } from "./ast.ts";
import { parseCompound, parseFunction } from "./compound.ts";
import { handOver, LimitExceeded, limits } from "./handover.ts";
import { readHeredocs, waitForHeredoc } from "./heredoc.ts";
import { subscriptWord } from "./parameter-words.ts";
import { nested, peek, type Source, skipBlanks, startsWith, take, unclosed, unexpected } from "./source.ts";
import { parseWord } from "./words.ts";

const declarers = new Set(["declare", "typeset", "local", "export", "readonly"]);
const redirection = /^(?:(\d+)?(<<<|<<-|<<|<>|<&|>&|>>|>\||<|>)|(&>>|&>))/;
const reserved = /^(?:if|then|elif|else|fi|for|while|until|do|done|case|esac|function|select|time|coproc|in|\{|\}|!|\[\[)(?=[\s;&|()<>]|$)/;

/** The next whole command line, or nothing at the end of the text. bash runs one before it parses the next. */
export function parseLine(source: Source): List | undefined {
  skipNewlines(source);
  if (peek(source) === "") return undefined;
  const line: AndOr[] = [];
  while (!["", "\n"].includes(peek(source))) {
    const next = parseAndOr(source);
    line.push(next);
    skipBlanks(source);
    if (!next.background && !separates(source) && !["", "\n"].includes(peek(source))) unexpected(source);
    skipBlanks(source);
  }
  if (take(source, "\n")) readHeredocs(source);
  else if (source.heredocs.length > 0) handOver("a here-document at the end of the text", source.pos);
  return line;
}

/** Everything up to, not including, one of the words or operators in `ends`. */
export function parseList(source: Source, ends: readonly string[]): List {
  return nested(source, () => {
    const list: AndOr[] = [];
    for (;;) {
      skipNewlines(source);
      if (peek(source) === "" || atOneOf(source, ends)) break;
      const next = parseAndOr(source);
      list.push(next);
      skipBlanks(source);
      if (!next.background && !separates(source) && peek(source) !== "\n" && peek(source) !== "" && !atOneOf(source, ends))
        unexpected(source);
    }
    if (list.length === 0) unexpected(source);
    return list;
  });
}

/** The program of `$(…)`, which starts here. */
export function parseSubstitution(source: Source): List {
  const start = source.pos;
  source.pos += 2;
  skipNewlines(source);
  if (take(source, ")")) return [];
  source.substitutions++;
  const list = parseList(source, [")"]);
  source.substitutions--;
  if (!take(source, ")")) unclosed(source, ")", start);
  return list;
}

const separates = (source: Source): boolean => !startsWith(source, ";;") && !startsWith(source, ";&") && take(source, ";");

export function atOneOf(source: Source, ends: readonly string[]): boolean {
  return ends.some(
    (each) =>
      startsWith(source, each) &&
      (!/^\w|^\}/.test(each) || /^(?:[\s;&|()<>]|$)/.test(source.text.slice(source.pos + each.length, source.pos + each.length + 1))),
  );
}

export function skipNewlines(source: Source): void {
  for (;;) {
    skipBlanks(source);
    if (!take(source, "\n")) return;
    readHeredocs(source);
  }
}

function parseAndOr(source: Source): AndOr {
  const start = source.pos;
  const first = parsePipeline(source);
  const rest: { operator: "&&" | "||"; pipeline: Pipeline }[] = [];
  for (;;) {
    skipBlanks(source);
    const operator = take(source, "&&") ? "&&" : take(source, "||") ? "||" : undefined;
    if (operator === undefined) break;
    skipNewlines(source);
    rest.push({ operator, pipeline: parsePipeline(source) });
  }
  const background = !startsWith(source, "&&") && peek(source) === "&" && peek(source, 1) !== ">" && take(source, "&");
  return { first, rest, background, start };
}

function parsePipeline(source: Source): Pipeline {
  skipBlanks(source);
  let negated = false;
  while (atOneOf(source, ["!"]) && /\s/.test(peek(source, 1))) {
    source.pos++;
    negated = !negated;
    skipBlanks(source);
  }
  const commands = [parseCommand(source)];
  for (;;) {
    skipBlanks(source);
    if (startsWith(source, "||") || peek(source) !== "|") return { negated, commands };
    source.pos += startsWith(source, "|&") ? 2 : 1;
    skipNewlines(source);
    commands.push(parseCommand(source));
  }
}

function parseCommand(source: Source): Command {
  const start = source.pos;
  if (peek(source) === "(") return withRedirects(source, start);
  const word = reserved.exec(source.text.slice(source.pos, source.pos + 10))?.[0];
  if (word !== undefined && word !== "in") return withRedirects(source, start);
  return parseFunction(source) ?? parseSimple(source);
}

function withRedirects(source: Source, start: number): Command {
  const compound = nested(source, () => parseCompound(source));
  const redirects: Redirect[] = [];
  for (;;) {
    skipBlanks(source);
    const found = parseRedirect(source);
    if (found === undefined) return { ...compound, redirects, start, end: source.pos };
    redirects.push(found);
  }
}

/** A command of words; at least one assignment, word or redirection must stand here. */
function parseSimple(source: Source): Simple {
  const start = source.pos;
  const assignments: Assignment[] = [];
  const words: (Word | Assignment)[] = [];
  const redirects: Redirect[] = [];
  for (;;) {
    skipBlanks(source);
    const redirect = parseRedirect(source);
    if (redirect !== undefined) {
      redirects.push(redirect);
      continue;
    }
    const assignment = mayAssign(words) ? parseAssignment(source) : undefined;
    if (assignment !== undefined) {
      (words.length === 0 ? assignments : words).push(assignment);
      continue;
    }
    const word = parseWord(source);
    if (word.start === word.end) break;
    words.push(word);
    if (words.length > limits.elements) throw new LimitExceeded(`a command has more than ${limits.elements} words`, start);
  }
  if (peek(source) === "(") handOver("a parenthesis after a word", source.pos);
  if (assignments.length + words.length + redirects.length === 0) unexpected(source);
  return { type: "simple", assignments, words, redirects, start };
}

function mayAssign(words: readonly (Word | Assignment)[]): boolean {
  const first = words[0];
  if (first === undefined) return true;
  return !isAssignment(first) && declarers.has(literalText(first) ?? "");
}

/** The text of a word that is nothing but unquoted text. */
export function literalText(word: Word): string | undefined {
  const [only] = word.parts;
  return word.parts.length === 1 && only?.type === "text" ? only.value : undefined;
}

/** `name=…`, `name+=…`, `name[…]=…` or `name=(…)`. */
function parseAssignment(source: Source): Assignment | undefined {
  const start = source.pos;
  const match = /^([A-Za-z_]\w*)(\+?=|\[)/.exec(source.text.slice(start, start + 300));
  if (match === null) return undefined;
  const name = match[1] ?? "";
  source.pos += name.length;
  const subscript = match[2] === "[" ? assignedSubscript(source) : undefined;
  const append = take(source, "+=");
  if (!append && !take(source, "=")) {
    source.pos = start;
    return undefined;
  }
  const value = peek(source) === "(" ? parseArray(source) : parseWord(source);
  return { name, append, ...(subscript === undefined ? {} : { subscript }), value, start };
}

/** The word in brackets, or nothing when no `=` follows the bracket that closes it. */
function assignedSubscript(source: Source): Word | undefined {
  const start = source.pos;
  source.pos++;
  const line = source.text.slice(start, source.text.indexOf("\n", start) + 1 || undefined);
  if (!/\]\+?=/.test(line)) return undefined;
  return subscriptWord(source);
}

function parseArray(source: Source): ArrayValue {
  const start = source.pos;
  source.pos++;
  const elements: ArrayElement[] = [];
  for (;;) {
    skipNewlines(source);
    if (take(source, ")")) return { type: "array", elements };
    if (peek(source) === "") unclosed(source, ")", start);
    elements.push(parseElement(source));
    if (elements.length > limits.elements) throw new LimitExceeded(`an array has more than ${limits.elements} elements`, start);
  }
}

function parseElement(source: Source): ArrayElement {
  const start = source.pos;
  if (peek(source) === "[") {
    const subscript = assignedSubscript(source);
    const append = subscript !== undefined && take(source, "+=");
    if (subscript !== undefined && (append || take(source, "="))) return { subscript, append, value: parseWord(source) };
    source.pos = start;
  }
  const value = parseWord(source);
  if (value.start === value.end) {
    unexpected(source);
  }
  return { value };
}

function parseRedirect(source: Source): Redirect | undefined {
  const first = peek(source);
  if (first !== "<" && first !== ">" && first !== "&" && !/\d/.test(first)) return undefined;
  const match = redirection.exec(source.text.slice(source.pos, source.pos + 12));
  if (match === null || (/^[<>]$/.test(match[0]) && source.text[source.pos + 1] === "(")) return undefined;
  const start = source.pos;
  const operator = match[2] ?? match[3] ?? "";
  source.pos += match[0].length;
  skipBlanks(source);
  const descriptor = match[1] === undefined ? {} : { descriptor: Number(match[1]) };
  const target = operator.startsWith("<<") && operator !== "<<<" ? waitForHeredoc(source, operator === "<<-") : parseWord(source);
  if (target.start === target.end && !operator.startsWith("<<")) unexpected(source);
  return { operator, ...descriptor, target, start };
}
