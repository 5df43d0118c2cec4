// The built-in commands that only change variables and options or print text (bash(1), SHELL BUILTIN COMMANDS).

import { assignedValue } from "./assignments.ts";
import type { Assignment } from "./ast.ts";
import { parseLine } from "./commands.ts";
import { evaluateTest } from "./conditions.ts";
import { arithmetic, ifs } from "./expand.ts";
import { handOver } from "./handover.ts";
import { formatEcho, formatPrintf } from "./printf.ts";
import { print, runList } from "./run.ts";
import { arrayOf, functionMark, lookUp, refuseMark, type Shell, spend, store, storeText, type Value } from "./shell.ts";
import { sourceOf } from "./source.ts";

export interface Inputs {
  readonly input: string | undefined;
  /** The IFS of `IFS=, read …`. */
  readonly ifs: string | undefined;
}

/** Runs and returns the exit status. */
export type Builtin = (shell: Shell, args: readonly (string | Assignment)[], inputs: Inputs) => number;

const nameOnly = /^[A-Za-z_]\w*$/;

const texts = (shell: Shell, args: readonly (string | Assignment)[]): string[] =>
  args.map((each) => (typeof each === "string" ? each : handOver("an odd argument", shell.at)));

const flowing =
  (kind: "break" | "continue"): Builtin =>
  (shell, args) => {
    const [levels = "1"] = texts(shell, args);
    if (!/^[1-9]\d?$/.test(levels) || shell.loops === 0) handOver(`${kind} outside a loop`, shell.at);
    shell.flow = { kind, levels: Number(levels) };
    return 0;
  };

const printf: Builtin = (shell, args) => {
  const [first = "", ...rest] = texts(shell, args);
  if (first === "-v") {
    const [name = "", format = "", ...values] = rest;
    if (!nameOnly.test(name)) handOver("an odd name for printf -v", shell.at);
    storeText(shell, name, formatPrintf(format, values));
    return 0;
  }
  if (first.startsWith("-") && first !== "--") handOver("an option of printf", shell.at);
  print(shell, first === "--" ? formatPrintf(rest[0] ?? "", rest.slice(1)) : formatPrintf(first, rest));
  return 0;
};

const test: Builtin = (shell, args) => (evaluateTest(shell, texts(shell, args)) ? 0 : 1);

const bracket: Builtin = (shell, args) => {
  const words = texts(shell, args);
  if (words.pop() !== "]") handOver("a bracket without its end", shell.at);
  return evaluateTest(shell, words) ? 0 : 1;
};

/** `read` of one line from a here-string or here-document, into names or with -a into an array. */
const read: Builtin = (shell, args, { input, ifs: given }) => {
  const words = texts(shell, args);
  const flags = words.filter((word) => word.startsWith("-")).join("");
  const names = words.filter((word) => !word.startsWith("-"));
  if (
    input === undefined ||
    /[^-ra]/.test(flags) ||
    words.findLastIndex((word) => word.startsWith("-")) > words.length - names.length - 1 + 0 ||
    names.length === 0
  )
    return handOver("an odd read", shell.at);
  const end = input.indexOf("\n");
  const line = refuseMark(end === -1 ? input : input.slice(0, end));
  const separators = given ?? ifs(shell);
  if (!flags.includes("r") && line.includes("\\")) handOver("a backslash in what is read", shell.at);
  if (!names.every((name) => nameOnly.test(name))) handOver("an odd name for read", shell.at);
  const fields = readFields(line, separators, flags.includes("a") ? undefined : names.length);
  if (flags.includes("a")) store(shell, names[0] ?? "", arrayOf(fields));
  else for (const [index, name] of names.entries()) storeText(shell, name, fields[index] ?? "");
  return end === -1 ? 1 : 0;
};

function readFields(line: string, separators: string, count: number | undefined): string[] {
  if (separators === "") return line === "" && count === undefined ? [] : [line];
  const spaces = [...separators].filter((char) => " \t\n".includes(char));
  if (spaces.length !== separators.length && (spaces.length > 0 || separators.length !== 1)) return handOver("an odd IFS for read");
  if (spaces.length > 0) return readBlanks(line, spaces, count);
  const fields = line.split(separators);
  if (fields.at(-1) === "") fields.pop();
  if (count !== undefined && fields.length > count)
    return line.endsWith(separators)
      ? handOver("an odd IFS for read")
      : [...fields.slice(0, count - 1), fields.slice(count - 1).join(separators)];
  return fields;
}

function readBlanks(line: string, spaces: readonly string[], count: number | undefined): string[] {
  const isSpace = (char: string | undefined) => char !== undefined && spaces.includes(char);
  let from = 0;
  let to = line.length;
  while (from < to && isSpace(line[from])) from++;
  while (to > from && isSpace(line[to - 1])) to--;
  const fields: string[] = [];
  while (from < to) {
    if (fields.length + 1 === count) return [...fields, line.slice(from, to)];
    const start = from;
    while (from < to && !isSpace(line[from])) from++;
    fields.push(line.slice(start, from));
    while (from < to && isSpace(line[from])) from++;
  }
  return fields;
}

/** `declare`, `local` and their relatives: attributes -a -A -g -x -r, values, and `-f name` inside a substitution. */
const declaring =
  (command: string): Builtin =>
  (shell, args) => {
    const flags = args.flatMap((each) => (typeof each === "string" && /^[-+]/.test(each) ? [each] : [])).join("");
    const rest = args.filter((each) => typeof each !== "string" || !/^[-+]/.test(each));
    if (/[^-aAgxrf]/.test(flags)) return handOver(`${command} ${flags}`, shell.at);
    if (flags.includes("f")) return printFunctions(shell, texts(shell, rest), flags);
    if (rest.length === 0 || (command === "local" && shell.scopes.length === 0)) return handOver(`a bare ${command}`, shell.at);
    const isLocal = command === "local" || (/^(?:declare|typeset)$/.test(command) && shell.scopes.length > 0 && !flags.includes("g"));
    for (const each of rest) declareOne(shell, each, isLocal ? shell.scopes.at(-1) : undefined, flags, command);
    return 0;
  };

function declareOne(shell: Shell, each: string | Assignment, scope: Map<string, Value> | undefined, flags: string, command: string): void {
  const assignment = typeof each === "string" ? fromText(shell, each) : each;
  const name = typeof assignment === "string" ? assignment : assignment.name;
  const old = scope === undefined ? lookUp(shell, name) : scope.get(name);
  const blank: Value | undefined = flags.includes("A") ? { kind: "map", items: new Map() } : flags.includes("a") ? arrayOf([]) : undefined;
  if (blank !== undefined && old !== undefined && old.kind !== blank.kind) handOver("changing the kind of a variable", shell.at);
  const base = old ?? blank;
  const declared =
    typeof assignment === "string" ? (base ?? { kind: "scalar" as const, text: undefined }) : assignedValue(shell, assignment, base);
  if (old?.readonly) handOver(`the read-only variable ${name}`, shell.at);
  const value: Value = flags.includes("r") || command === "readonly" ? { ...declared, readonly: true } : declared;
  if (scope === undefined) store(shell, name, value);
  else scope.set(name, value);
}

/** `name` or, when it came out of an expansion, `name=value`. */
function fromText(shell: Shell, text: string): string | Assignment {
  const match = /^([A-Za-z_]\w*)(?:=(.*))?$/s.exec(text);
  if (match === null) return handOver("an odd declaration", shell.at);
  const [, name = "", value] = match;
  if (value === undefined) return name;
  if (value.startsWith("(")) handOver("an odd declaration", shell.at);
  return { name, append: false, value: { parts: [{ type: "quoted", value }], start: shell.at, end: shell.at }, start: shell.at };
}

/** `declare -f name`: prints a stand-in for the function's text, which only `eval` understands. */
function printFunctions(shell: Shell, names: readonly string[], flags: string): number {
  const [name = ""] = names;
  if (names.length !== 1 || /[^-f]/.test(flags)) return handOver("an odd declare -f", shell.at);
  const found = shell.functions.get(name);
  if (found === undefined) return 1;
  if (/\s/.test(name)) handOver("an odd function name", shell.at);
  if (shell.output?.length !== 0) print(shell, "");
  print(shell, `${name} () \n${functionMark}${name}${functionMark}\n`);
  return 0;
}

/** `eval` of a text; a stand-in for a function defines it under the name before it. */
const evalText: Builtin = (shell, args) => {
  const text = texts(shell, args).join(" ");
  const stands = new RegExp(`${functionMark}([^${functionMark}]+)${functionMark}`, "g");
  return evaluateText(shell, refuseMark(text.replace(stands, (_, name: string) => printedBody(shell, name))));
};

/** The body of a function as it is written: evaluated, it is the same as what bash prints of it. */
function printedBody(shell: Shell, name: string): string {
  const { body, text } = shell.functions.get(name) ?? handOver("a function that is gone", shell.at);
  return text.slice(body.start, "end" in body ? body.end : undefined);
}

/** `source` of a file beside the recipe. */
const source: Builtin = (shell, args) => {
  const [path = "", ...rest] = texts(shell, args);
  if (rest.length > 0 || !/^\.{0,2}\//.test(path)) handOver("a source that bash searches for", shell.at);
  if (shell.directory?.kind(refuseMark(path)) === undefined) handOver("a source outside the recipe's directory", shell.at);
  const text = shell.directory?.read(path) ?? handOver("a source that is not there", shell.at);
  if (text.includes("BASH_SOURCE") || /[\0\ufdd0\ufdd1\ufffd]/.test(text)) handOver("an odd source", shell.at);
  return evaluateText(shell, text);
};

/** `dirname` and `basename` are programs, but of plain paths they can only say one thing. */
const pathPart =
  (part: "dirname" | "basename"): Builtin =>
  (shell, args) => {
    const [path = "", ...rest] = texts(shell, args);
    const match = /^((?:\/?[\w.@:+-]+)*\/)?([\w.@:+-]+)$/.exec(refuseMark(path));
    if (rest.length > 0 || match === null || path.startsWith("-") || match[1] === "/") return handOver(`the program ${part}`, shell.at);
    print(shell, `${part === "basename" ? match[2] : (match[1]?.slice(0, -1) ?? ".")}\n`);
    return 0;
  };

function evaluateText(shell: Shell, text: string): number {
  spend(shell, text.length);
  const before = shell.source;
  const at = shell.at;
  const inner = { ...sourceOf(text), extglob: before.extglob };
  Object.assign(shell, { source: inner, status: 0 });
  try {
    for (let line = parseLine(inner); line !== undefined && shell.flow === undefined; line = parseLine(inner)) runList(shell, line);
  } catch (thrown) {
    if (thrown instanceof Error && thrown.name === "LimitExceeded") throw thrown;
    return handOver(`an eval (${thrown instanceof Error ? thrown.message : "?"})`, at);
  }
  before.extglob = inner.extglob;
  Object.assign(shell, { source: before, at });
  return shell.status;
}

const unset: Builtin = (shell, args) => {
  let words = texts(shell, args);
  const flag = words[0]?.startsWith("-") ? words[0] : undefined;
  if (flag !== undefined) words = words.slice(1);
  if (flag !== undefined && flag !== "-v" && flag !== "-f") handOver("an option of unset", shell.at);
  for (const name of words) {
    if (!nameOnly.test(name) && flag !== "-f") handOver("unsetting an odd name", shell.at);
    if (flag === "-f") shell.functions.delete(name);
    else unsetOne(shell, name, flag === undefined);
  }
  return 0;
};

function unsetOne(shell: Shell, name: string, alsoFunction: boolean): void {
  if (shell.scopes.some((scope) => scope.has(name))) handOver("unsetting a local variable", shell.at);
  const old = lookUp(shell, name);
  if (old?.readonly) handOver(`the read-only variable ${name}`, shell.at);
  if (old === undefined && alsoFunction) shell.functions.delete(name);
  shell.globals.delete(name);
}

const shopts = new Set(["extglob", "nullglob", "dotglob", "globstar", "nocasematch", "failglob", "nocaseglob"]);

const shopt: Builtin = (shell, args) => {
  const [flag = "", ...names] = texts(shell, args);
  if ((flag !== "-s" && flag !== "-u") || names.length === 0 || !names.every((name) => shopts.has(name)))
    handOver("an odd shopt", shell.at);
  for (const name of names) {
    if (flag === "-s") shell.options.add(name);
    else shell.options.delete(name);
    if (name === "extglob") shell.source.extglob = flag === "-s";
  }
  return 0;
};

/** `set -u` and `set +u`: until the latter, whatever is unset hands over. */
const set: Builtin = (shell, args) => {
  const [flag, ...rest] = texts(shell, args);
  if (rest.length > 0 || (flag !== "-u" && flag !== "+u")) handOver("an odd set", shell.at);
  if (flag === "-u") shell.options.add("nounset");
  else shell.options.delete("nounset");
  return 0;
};

const letCommand: Builtin = (shell, args) => (texts(shell, args).reduce((_, text) => arithmetic(shell, text), 0n) === 0n ? 1 : 0);

const shift: Builtin = (shell, args) => {
  const [count = "1"] = texts(shell, args);
  if (!/^\d{1,4}$/.test(count)) handOver("an odd shift", shell.at);
  if (Number(count) > shell.positional.length) return 1;
  shell.positional = shell.positional.slice(Number(count));
  return 0;
};

const returning: Builtin = (shell, args) => {
  const [status] = texts(shell, args);
  if (shell.scopes.length === 0 || (status !== undefined && !/^\d{1,3}$/.test(status))) handOver("an odd return", shell.at);
  const value = status === undefined ? shell.status : Number(status) & 255;
  shell.flow = { kind: "return" };
  return value;
};

export const builtins: Readonly<Record<string, Builtin>> = {
  ":": () => 0,
  true: () => 0,
  false: () => 1,
  echo: (shell, args) => {
    print(shell, formatEcho(texts(shell, args)));
    return 0;
  },
  printf,
  test,
  "[": bracket,
  read,
  declare: declaring("declare"),
  typeset: declaring("typeset"),
  local: declaring("local"),
  export: declaring("export"),
  readonly: declaring("readonly"),
  eval: evalText,
  source,
  ".": source,
  dirname: pathPart("dirname"),
  basename: pathPart("basename"),
  unset,
  shopt,
  set,
  let: letCommand,
  shift,
  return: returning,
  break: flowing("break"),
  continue: flowing("continue"),
};
