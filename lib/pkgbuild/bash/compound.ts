// Parses compound commands and functions (bash(1), Compound Commands and Shell Function Definitions).
import type { CaseClause, Command, Compound, List, Word } from "./ast.ts";
import { atOneOf, parseList, skipNewlines } from "./commands.ts";
import { parseCondition } from "./condition-words.ts";
import { handOver } from "./handover.ts";
import { literalText } from "./simple-words.ts";
import { nested, peek, type Source, skipBlanks, startsWith, take, unexpected } from "./source.ts";
import { arithmeticParts, parseWord } from "./words.ts";

/** The compound command whose reserved word or parenthesis stands here. */
export function parseCompound(source: Source): Compound {
  if (startsWith(source, "((")) return parseArithmeticCommand(source);
  if (take(source, "(")) return { type: "subshell", body: until(source, ")") };
  if (takeWord(source, "{")) return { type: "group", body: until(source, "}") };
  if (takeWord(source, "if")) return parseIf(source);
  if (takeWord(source, "for")) return parseFor(source);
  if (takeWord(source, "while")) return parseLoop(source, "while");
  if (takeWord(source, "until")) return parseLoop(source, "until");
  if (takeWord(source, "case")) return parseCase(source);
  if (takeWord(source, "[[")) return { type: "condition", expression: parseCondition(source) };
  if (takeWord(source, "function")) return parseFunctionWord(source);
  if (atOneOf(source, ["select", "time", "coproc"])) handOver("select, time and coproc", source.pos);
  return unexpected(source);
}

/** `name ()` and its body, if that stands here. */
export function parseFunction(source: Source): Command | undefined {
  const start = source.pos;
  const match = /^([^\s;&|()<>"'`$\\=#]+)[ \t]*\([ \t]*\)/.exec(source.text.slice(start, start + 300));
  if (match === null || /^[0-9]+$/.test(match[1] ?? "")) return undefined;
  if (source.extglob && /[?*+@!]$/.test(match[1] ?? "")) return undefined;
  source.pos += match[0].length;
  return { type: "function", name: match[1] ?? "", body: parseBody(source), redirects: [], start, end: source.pos };
}

function parseFunctionWord(source: Source): Compound {
  skipBlanks(source);
  const word = parseWord(source, { ends: (char) => /[\s()]/.test(char) });
  const name = literalText(word) ?? handOver("an odd function name", word.start);
  skipBlanks(source);
  if (take(source, "(")) {
    skipBlanks(source);
    if (!take(source, ")")) unexpected(source);
  }
  return { type: "function", name, body: parseBody(source) };
}

function parseBody(source: Source): Command {
  skipNewlines(source);
  const start = source.pos;
  if (!atOneOf(source, ["{"]) && peek(source) !== "(") handOver("a function whose body is no group", start);
  const compound = nested(source, () => parseCompound(source));
  skipBlanks(source);
  if (/[<>]/.test(peek(source))) handOver("a redirected function", source.pos);
  return { ...compound, redirects: [], start, end: source.pos };
}

function until(source: Source, end: string): List {
  const list = parseList(source, [end]);
  if (!take(source, end)) unexpected(source);
  return list;
}

function takeWord(source: Source, word: string): boolean {
  return atOneOf(source, [word]) && (word !== "[[" || /\s/.test(peek(source, 2))) && take(source, word);
}

function expectWord(source: Source, word: string): void {
  skipNewlines(source);
  if (!takeWord(source, word)) unexpected(source);
}

function parseArithmeticCommand(source: Source): Compound {
  const start = source.pos;
  source.pos += 2;
  const parts = nested(source, () => arithmeticParts(source));
  if (!take(source, "))")) handOver("nested subshells", start);
  return { type: "arithmetic", expression: { parts, start, end: source.pos } };
}

function parseIf(source: Source): Compound {
  const branches: { condition: List; body: List }[] = [];
  do {
    const condition = parseList(source, ["then"]);
    expectWord(source, "then");
    branches.push({ condition, body: parseList(source, ["elif", "else", "fi"]) });
  } while (takeWord(source, "elif"));
  const otherwise = takeWord(source, "else") ? parseList(source, ["fi"]) : undefined;
  expectWord(source, "fi");
  return { type: "if", branches, ...(otherwise === undefined ? {} : { otherwise }) };
}

function parseLoop(source: Source, type: "while" | "until"): Compound {
  const condition = parseList(source, ["do"]);
  return { type, condition, body: doBody(source) };
}

function doBody(source: Source): List {
  expectWord(source, "do");
  const body = parseList(source, ["done"]);
  expectWord(source, "done");
  return body;
}

function parseFor(source: Source): Compound {
  skipBlanks(source);
  if (startsWith(source, "((")) return parseArithmeticFor(source);
  const name = literalText(parseWord(source));
  if (name === undefined || !/^[A-Za-z_]\w*$/.test(name)) handOver("an odd loop variable", source.pos);
  skipNewlines(source);
  const words = takeWord(source, "in") ? wordsOfLine(source) : undefined;
  skipBlanks(source);
  take(source, ";");
  return { type: "for", name, ...(words === undefined ? {} : { words }), body: doBody(source) };
}

function wordsOfLine(source: Source): Word[] {
  const words: Word[] = [];
  for (;;) {
    skipBlanks(source);
    const word = parseWord(source);
    if (word.start === word.end) break;
    words.push(word);
  }
  if (peek(source) !== ";" && peek(source) !== "\n") unexpected(source);
  return words;
}

function parseArithmeticFor(source: Source): Compound {
  source.pos += 2;
  const part = (stop: string): Word => {
    const start = source.pos;
    const parts = nested(source, () => arithmeticParts(source, stop));
    return { parts, start, end: source.pos };
  };
  const first = part(";");
  if (!take(source, ";")) unexpected(source);
  const second = part(";");
  if (!take(source, ";")) unexpected(source);
  const third = part(")");
  if (!take(source, "))")) unexpected(source);
  skipBlanks(source);
  take(source, ";");
  return { type: "cfor", expressions: [first, second, third], body: doBody(source) };
}

function parseCase(source: Source): Compound {
  skipBlanks(source);
  const subject = parseWord(source);
  expectWord(source, "in");
  const clauses: CaseClause[] = [];
  for (;;) {
    skipNewlines(source);
    if (takeWord(source, "esac")) return { type: "case", subject, clauses };
    clauses.push(parseClause(source));
  }
}

function parseClause(source: Source): CaseClause {
  take(source, "(");
  const patterns: Word[] = [];
  do {
    skipBlanks(source);
    const word = parseWord(source);
    if (word.start === word.end) unexpected(source);
    patterns.push(word);
    skipBlanks(source);
  } while (take(source, "|"));
  if (!take(source, ")")) unexpected(source);
  skipNewlines(source);
  const ends = [";;&", ";;", ";&"] as const;
  const body = atOneOf(source, [...ends, "esac"]) ? [] : parseList(source, [...ends, "esac"]);
  skipNewlines(source);
  return { patterns, body, end: ends.find((each) => take(source, each)) ?? ";;" };
}
