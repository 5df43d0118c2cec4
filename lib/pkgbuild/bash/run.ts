// Runs parsed commands (bash(1), SHELL GRAMMAR and COMMAND EXECUTION); what would start a program is handed over.

import { assign } from "./assignments.ts";
import type { AndOr, Assignment, Command, Compound, List, Pipeline, Redirect, Simple, Word } from "./ast.ts";
import { isAssignment } from "./ast.ts";
import { builtins } from "./builtins.ts";
import { evaluateCondition } from "./conditions.ts";
import { arithmetic, expandPattern, expandQuoted, expandText, expandWords } from "./expand.ts";
import { Handover, handOver, LimitExceeded, limits } from "./handover.ts";
import { compilePattern, matchesWhole } from "./pattern.ts";
import { refuseMark, type Shell, sized, spend, statusOf, storeText, subshell, unknownMark } from "./shell.ts";

/** Runs the commands one after the other until one of them leaves the loop or function. */
export function runList(shell: Shell, list: List): void {
  for (const each of list) {
    runAndOr(shell, each);
    if (shell.flow !== undefined) return;
  }
}

function runAndOr(shell: Shell, { first, rest, background, start }: AndOr): void {
  shell.at = start;
  if (background) handOver("a background job", start);
  runPipeline(shell, first);
  for (const { operator, pipeline } of rest) {
    if (shell.flow !== undefined) return;
    if ((statusOf(shell) === 0) === (operator === "&&")) runPipeline(shell, pipeline);
  }
}

function runPipeline(shell: Shell, { negated, commands }: Pipeline): void {
  const [only] = commands;
  if (only === undefined || commands.length > 1) {
    handOver("a pipeline", shell.at);
    return;
  }
  runCommand(shell, only);
  if (negated && shell.flow === undefined) shell.status = statusOf(shell) === 0 ? 1 : 0;
}

/** What `$( … )` prints, without the newlines at its end. */
export function runSubstitution(shell: Shell, body: List): string {
  return nested(shell, () => {
    const output: string[] = [];
    const inner = subshell(shell, output);
    const { depth, at } = shell;
    try {
      runList(inner, body);
    } catch (thrown) {
      if (!(thrown instanceof Handover) || !asksPrograms(body)) throw thrown;
      Object.assign(shell, { depth, at, status: Number.NaN, substituted: Number.NaN });
      return unknownMark;
    }
    shell.status = inner.status;
    shell.substituted = inner.status;
    return output.join("").replace(/\n+$/, "");
  });
}

/** Programs that only print: where nothing looks at what they print, they need not run. */
const printers =
  /^(?:awk|basename|bc|cat|cut|date|dirname|echo|expr|gawk|git|grep|head|id|ls|nproc|printf|python3?|readlink|realpath|rev|sed|sort|tail|tr|uname|uniq|vercmp|wc|whoami|xargs)$/;

const asksPrograms = (body: List): boolean =>
  body.every(
    ({ first, rest, background }) =>
      !background && [first, ...rest.map((each) => each.pipeline)].every((each) => each.commands.every(onlyPrints)),
  );

function onlyPrints(command: Command): boolean {
  if (command.type !== "simple" || command.assignments.length > 0) return false;
  const [name] = command.words;
  const only = name === undefined || isAssignment(name) ? undefined : name.parts.length === 1 ? name.parts[0] : undefined;
  return only?.type === "text" && printers.test(only.value);
}

function nested<Result>(shell: Shell, run: () => Result): Result {
  if (++shell.depth > limits.nesting) throw new LimitExceeded(`it calls more than ${limits.nesting} levels deep`, shell.at);
  const result = run();
  shell.depth--;
  return result;
}

export function runCommand(shell: Shell, command: Command): void {
  spend(shell, 5);
  shell.at = command.start;
  if (command.type === "simple") {
    runSimple(shell, command);
    return;
  }
  const output = redirected(shell, command.redirects);
  nested(shell, () => runCompound(output === undefined ? shell : Object.assign(shell, { output: output.to }), command));
  if (output !== undefined) shell.output = output.before;
}

function runCompound(shell: Shell, command: Compound & { readonly start: number }): void {
  switch (command.type) {
    case "group":
      runList(shell, command.body);
      return;
    case "subshell":
      runSubshell(shell, command.body);
      return;
    case "if":
      runIf(shell, command);
      return;
    case "for":
      runFor(shell, command.name, command.words, command.body);
      return;
    case "cfor":
      runArithmeticFor(shell, command.expressions, command.body);
      return;
    case "while":
    case "until":
      runWhile(shell, () => test(shell, command.condition) === (command.type === "while"), command.body);
      return;
    case "case":
      runCase(shell, command);
      return;
    case "condition":
      shell.status = evaluateCondition(shell, command.expression) ? 0 : 1;
      return;
    case "arithmetic":
      shell.status = arithmetic(shell, expandQuoted(shell, command.expression.parts)) === 0n ? 1 : 0;
      return;
    case "function":
      shell.functions.set(command.name, { name: command.name, body: command.body, text: shell.source.text, start: command.start });
      shell.status = 0;
  }
}

function runSubshell(shell: Shell, body: List): void {
  const inner = subshell(shell, shell.output);
  runList(inner, body);
  shell.status = inner.status;
}

function test(shell: Shell, condition: List): boolean {
  runList(shell, condition);
  return statusOf(shell) === 0;
}

function runIf(shell: Shell, { branches, otherwise }: Extract<Compound, { type: "if" }>): void {
  for (const { condition, body } of branches) {
    const holds = test(shell, condition);
    if (shell.flow !== undefined) return;
    if (holds) {
      runList(shell, body);
      return;
    }
  }
  shell.status = 0;
  if (otherwise !== undefined) runList(shell, otherwise);
}

function runFor(shell: Shell, name: string, words: readonly Word[] | undefined, body: List): void {
  const values = words === undefined ? shell.positional : expandWords(shell, words);
  shell.status = 0;
  loop(shell, () => {
    for (const value of values) {
      storeText(shell, name, value);
      if (!turn(shell, body)) return;
    }
  });
}

function runArithmeticFor(shell: Shell, [first, second, third]: readonly [Word, Word, Word], body: List): void {
  const value = (word: Word) => {
    const text = expandQuoted(shell, word.parts);
    return text.trim() === "" ? 1n : arithmetic(shell, text);
  };
  value(first);
  shell.status = 0;
  loop(shell, () => {
    while (value(second) !== 0n) {
      if (!turn(shell, body)) return;
      value(third);
    }
  });
}

function runWhile(shell: Shell, goesOn: () => boolean, body: List): void {
  let status = 0;
  loop(shell, () => {
    while (goesOn() && shell.flow === undefined) {
      const again = turn(shell, body);
      status = shell.status;
      if (!again) return;
    }
  });
  if (shell.flow === undefined) shell.status = status;
}

function loop(shell: Shell, run: () => void): void {
  shell.loops++;
  run();
  shell.loops--;
}

/** Runs the body once; false when the loop ends. */
function turn(shell: Shell, body: List): boolean {
  spend(shell, 5);
  runList(shell, body);
  const { flow } = shell;
  if (flow === undefined) return true;
  if (flow.kind === "return") return false;
  shell.flow = flow.levels > 1 && shell.loops > 1 ? { ...flow, levels: flow.levels - 1 } : undefined;
  return flow.kind === "continue" && shell.flow === undefined;
}

function runCase(shell: Shell, { subject, clauses }: Extract<Compound, { type: "case" }>): void {
  const text = refuseMark(expandText(shell, subject));
  const options = { extglob: shell.options.has("extglob"), spend: (steps: number) => spend(shell, steps) };
  let falls = false;
  shell.status = 0;
  for (const { patterns, body, end } of clauses) {
    const matches = falls || patterns.some((each) => matchesWhole(compilePattern(expandPattern(shell, each), options), text, options));
    if (!matches) continue;
    runList(shell, body);
    if (shell.flow !== undefined || end === ";;") return;
    falls = end === ";&";
  }
}

/** `>/dev/null` and `>&2` hide what is printed; other files are not touched here. */
function redirected(shell: Shell, redirects: readonly Redirect[]): { to: string[] | undefined; before: string[] | undefined } | undefined {
  let hidden = false;
  for (const { operator, descriptor, target, start } of redirects) {
    const to = expandText(shell, target);
    const quiet = (operator === ">" || operator === ">>") && to === "/dev/null";
    if ((descriptor === 2 && (quiet || (operator === ">&" && to === "1"))) || (operator === "<" && to === "/dev/null")) continue;
    if (!((quiet || (operator === ">&" && to === "2")) && (descriptor ?? 1) === 1) && !(operator === "&>" && to === "/dev/null"))
      handOver("a redirection", start);
    hidden = true;
  }
  return hidden ? { to: [], before: shell.output } : undefined;
}

function runSimple(shell: Shell, command: Simple): void {
  shell.substituted = undefined;
  const { assignments, words, start } = command;
  if (words.length === 0) {
    runAssignments(shell, assignments, command.redirects);
    return;
  }
  const args = words.flatMap((word): (string | Assignment)[] => (isAssignment(word) ? [word] : expandWords(shell, [word])));
  const name = args[0];
  if (name === undefined) {
    runAssignments(shell, assignments, command.redirects);
    return;
  }
  if (typeof name !== "string") {
    handOver("an odd command", start);
    return;
  }
  const input = inputOf(shell, command.redirects);
  const others = command.redirects.filter((each) => !each.operator.startsWith("<<"));
  const output = redirected(shell, others);
  if (output !== undefined) shell.output = output.to;
  callNamed(shell, name, args.slice(1), assignments, input, start);
  if (output !== undefined) shell.output = output.before;
}

function runAssignments(shell: Shell, assignments: readonly Assignment[], redirects: readonly Redirect[]): void {
  if (redirects.length > 0) handOver("a redirection without a command", shell.at);
  for (const each of assignments) assign(shell, each);
  shell.status = shell.substituted ?? 0;
}

/** The text of a here-string or here-document. */
function inputOf(shell: Shell, redirects: readonly Redirect[]): string | undefined {
  const last = redirects.findLast((each) => each.operator.startsWith("<<") && (each.descriptor ?? 0) === 0);
  if (last === undefined) return undefined;
  if (last.operator === "<<<") return `${expandText(shell, last.target)}\n`;
  return expandQuoted(shell, last.target.parts);
}

function callNamed(
  shell: Shell,
  name: string,
  args: (string | Assignment)[],
  assignments: readonly Assignment[],
  input: string | undefined,
  start: number,
): void {
  const own = shell.functions.get(name);
  if (own === undefined && /^(?:msg2?|plain|plainerr|warning|error|ask|gettext|colorize|in_array|have_function|cd_safe)$/.test(name))
    handOver(`makepkg's ${name}`, start);
  const builtin = own === undefined && Object.hasOwn(builtins, name) ? builtins[name] : undefined;
  if (own === undefined && builtin === undefined) {
    handOver(`the program ${name.slice(0, 80)}`, start);
    return;
  }
  if (assignments.length > 0 && !(name === "read" && assignments.every((each) => each.name === "IFS")))
    handOver("assignments before a command", start);
  if (own !== undefined) {
    callFunction(shell, own.body, args.map(String), own.text);
    return;
  }
  const ifs = assignments.at(-1);
  const temporary = ifs === undefined || "type" in ifs.value ? undefined : expandText(shell, ifs.value);
  shell.status = builtin?.(shell, args, { input, ifs: temporary }) ?? 0;
}

function callFunction(shell: Shell, body: Command, args: readonly string[], text: string): void {
  const { positional, source, loops } = shell;
  shell.positional = args;
  shell.scopes.push(new Map());
  Object.assign(shell, { source: { ...source, text }, loops: 0 });
  nested(shell, () => runCommand(shell, body));
  const extglob = shell.source.extglob;
  Object.assign(shell, { source, loops, positional });
  source.extglob = extglob;
  shell.scopes.pop();
  if (shell.flow?.kind === "return") shell.flow = undefined;
}

/** Prints inside a command substitution; what a recipe prints elsewhere would mix with makepkg's own output. */
export function print(shell: Shell, text: string): void {
  if (shell.output === undefined) handOver("printing while the recipe is read", shell.at);
  shell.output.push(sized(shell, text));
}
