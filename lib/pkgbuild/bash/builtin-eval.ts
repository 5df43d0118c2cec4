// `eval` and `source`: text that is read as part of the recipe (bash(1), SHELL BUILTIN COMMANDS).
import { type Builtin, texts } from "./builtin.ts";
import { parseLine } from "./commands.ts";
import { handOver } from "./handover.ts";
import { runList } from "./run.ts";
import { functionMark, refuseMark, type Shell, spend } from "./shell.ts";
import { sourceOf } from "./source.ts";

/** `eval` of a text; a stand-in for a function defines it under the name before it. */
export const evalText: Builtin = (shell, args) => {
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
export const source: Builtin = (shell, args) => {
  const [path = "", ...rest] = texts(shell, args);
  if (rest.length > 0 || !/^\.{0,2}\//.test(path)) handOver("a source that bash searches for", shell.at);
  if (shell.directory?.kind(refuseMark(path)) === undefined) handOver("a source outside the recipe's directory", shell.at);
  const text = shell.directory?.read(path) ?? handOver("a source that is not there", shell.at);
  if (text.includes("BASH_SOURCE") || /[\0\ufdd0\ufdd1\ufffd]/.test(text)) handOver("an odd source", shell.at);
  return evaluateText(shell, text);
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
