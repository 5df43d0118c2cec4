// `declare`, `typeset`, `local`, `export` and `readonly` (bash(1), SHELL BUILTIN COMMANDS).
import { assignedValue } from "./assignments.ts";
import type { Assignment } from "./ast.ts";
import { type Builtin, texts } from "./builtin.ts";
import { handOver } from "./handover.ts";
import { print } from "./run.ts";
import { arrayOf, functionMark, lookUp, type Shell, store, type Value } from "./shell.ts";

/** `declare`, `local` and their relatives: attributes -a -A -g -x -r, values, and `-f name` inside a substitution. */
export const declaring =
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
