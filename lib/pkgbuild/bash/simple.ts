// Runs simple commands: assignments, redirections, functions and built-ins (bash(1), Simple Commands and COMMAND EXECUTION).
import { assign } from "./assignments.ts";
import type { Assignment, Command, Redirect, Simple } from "./ast.ts";
import { isAssignment } from "./ast.ts";
import { builtins } from "./builtins.ts";
import { expandQuoted, expandText, expandWords } from "./expand.ts";
import { handOver } from "./handover.ts";
import { nested, runCommand } from "./run.ts";
import type { Shell } from "./shell.ts";

export function runSimple(shell: Shell, command: Simple): void {
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

/** `>/dev/null` and `>&2` hide what is printed; other files are not touched here. */
export function redirected(
  shell: Shell,
  redirects: readonly Redirect[],
): { to: string[] | undefined; before: string[] | undefined } | undefined {
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
