// Parses command lines, lists, pipelines and simple commands (bash(1), SHELL GRAMMAR).
import type { AndOr, Command, List, Pipeline, Redirect } from "./ast.ts";
import { parseCompound, parseFunction } from "./compound.ts";
import { handOver } from "./handover.ts";
import { readHeredocs } from "./heredoc.ts";
import { parseRedirect, parseSimple } from "./simple-words.ts";
import { nested, peek, type Source, skipBlanks, startsWith, take, unclosed, unexpected } from "./source.ts";

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
