// The table of built-in commands that only change variables and options or print text (bash(1), SHELL BUILTIN COMMANDS).
import { type Builtin, nameOnly, texts } from "./builtin.ts";
import { declaring } from "./builtin-declare.ts";
import { evalText, source } from "./builtin-eval.ts";
import { read } from "./builtin-read.ts";
import { evaluateTest } from "./conditions.ts";
import { arithmetic } from "./expand.ts";
import { handOver } from "./handover.ts";
import { formatEcho, formatPrintf } from "./printf.ts";
import { print } from "./run.ts";
import { lookUp, refuseMark, type Shell, storeText } from "./shell.ts";

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
  if (shell.scopes.length < 2 || (status !== undefined && !/^\d{1,3}$/.test(status))) handOver("an odd return", shell.at);
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
