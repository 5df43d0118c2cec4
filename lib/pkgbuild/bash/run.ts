// Runs parsed commands (bash(1), SHELL GRAMMAR and COMMAND EXECUTION); what would start a program is handed over.

import type { AndOr, Command, Compound, List, Pipeline, Word } from "./ast.ts";
import { evaluateCondition } from "./conditions.ts";
import { arithmetic, expandPattern, expandQuoted, expandText, expandWords } from "./expand.ts";
import { handOver, LimitExceeded, limits } from "./handover.ts";
import { compilePattern, matchesWhole } from "./pattern.ts";
import { refuseMark, type Shell, sized, spend, statusOf, storeText, subshell } from "./shell.ts";
import { redirected, runSimple } from "./simple.ts";

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

/** Runs one call deeper. */
export function nested<Result>(shell: Shell, run: () => Result): Result {
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

/** Prints inside a command substitution; what a recipe prints elsewhere would mix with makepkg's own output. */
export function print(shell: Shell, text: string): void {
  if (shell.output === undefined) handOver("printing while the recipe is read", shell.at);
  shell.output.push(sized(shell, text));
}
