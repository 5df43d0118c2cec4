// Parses simple commands: assignments, words and redirections (bash(1), Simple Commands).
import type { ArrayElement, ArrayValue, Assignment, Redirect, Simple, Word } from "./ast.ts";
import { isAssignment } from "./ast.ts";
import { skipNewlines } from "./commands.ts";
import { handOver, LimitExceeded, limits } from "./handover.ts";
import { waitForHeredoc } from "./heredoc.ts";
import { subscriptWord } from "./parameter-words.ts";
import { peek, type Source, skipBlanks, take, unclosed, unexpected } from "./source.ts";
import { parseWord } from "./words.ts";

const declarers = new Set(["declare", "typeset", "local", "export", "readonly"]);
const redirection = /^(?:(\d+)?(<<<|<<-|<<|<>|<&|>&|>>|>\||<|>)|(&>>|&>))/;
/** A command of words; at least one assignment, word or redirection must stand here. */
export function parseSimple(source: Source): Simple {
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
    if (take(source, ")")) {
      // bash 5.2 keeps the text of a substitution and reads it again, where such a quote may end what it should not.
      if (source.substitutions > 0 && source.text.slice(start, source.pos).includes("$'"))
        handOver("$'' in a list in a substitution", start);
      return { type: "array", elements };
    }
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

export function parseRedirect(source: Source): Redirect | undefined {
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
