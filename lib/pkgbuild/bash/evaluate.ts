// Reads the text of a recipe as bash would and tells the variables and functions it leaves, or where it cannot.
import { parseLine } from "./commands.ts";
import { BashSyntaxError, Handover, handOver, LimitExceeded } from "./handover.ts";
import { runList } from "./run.ts";
import { type Directory, type Shell, scalar } from "./shell.ts";
import { sourceOf } from "./source.ts";

export interface Place {
  readonly line: number;
  readonly column: number;
}

export type Evaluation =
  | { readonly kind: "read"; readonly shell: Shell }
  | ({ readonly kind: "handover" | "syntax" | "limit"; readonly reason: string } & Place);

/** Evaluates `text` with `variables` set before it; exact, or it says what is not modelled and where. Touches no file and starts nothing. */
export function evaluate(text: string, variables: Readonly<Record<string, string>>, directory?: Directory): Evaluation {
  const shell = newShell(text, variables, directory);
  if (/[\0\ufdd0\ufdd1\ufffd]/.test(text)) return { kind: "handover", reason: "an odd character", line: 1, column: 1 };
  const stopped = attempt(shell, () => {
    for (let line = parseLine(shell.source); line !== undefined; line = parseLine(shell.source)) runList(shell, line);
    if (shell.options.has("nounset")) handOver("set -u at the end of the recipe");
    shell.scopes.pop();
  });
  return stopped ?? { kind: "read", shell };
}

/** Runs `work`; when it stops, the reason with its place. */
export function attempt(shell: Shell, work: () => void): Exclude<Evaluation, { kind: "read" }> | undefined {
  try {
    work();
    return undefined;
  } catch (thrown) {
    const where = (offset: number) => placeOf(shell.source.text, offset === -1 ? shell.at : offset);
    if (thrown instanceof Handover) return { kind: "handover", reason: thrown.reason, ...where(thrown.offset) };
    if (thrown instanceof BashSyntaxError) return { kind: "syntax", reason: thrown.reason, ...where(thrown.offset) };
    if (thrown instanceof LimitExceeded) return { kind: "limit", reason: thrown.reason, ...where(thrown.offset) };
    throw thrown;
  }
}

function newShell(text: string, variables: Readonly<Record<string, string>>, directory: Directory | undefined): Shell {
  const globals = new Map(Object.entries(variables).map(([name, value]) => [name, scalar(value)]));
  // makepkg sources the recipe inside source_safe(): its argument is the recipe's $1, and what the recipe declares is gone when it returns.
  const positional = variables.BUILDFILE === undefined ? [] : [variables.BUILDFILE];
  return {
    ...{ source: sourceOf(text), directory, globals, scopes: [new Map()], functions: new Map(), options: new Set<string>(), positional },
    ...{ status: 0, flow: undefined, output: undefined, substituted: undefined, loops: 0, depth: 0, at: 0, spent: { steps: 0, length: 0 } },
  };
}

function placeOf(text: string, offset: number): Place {
  const before = text.slice(0, Math.max(0, offset));
  const line = before.split("\n").length;
  return { line, column: before.length - before.lastIndexOf("\n") };
}
