// rbee run: a script in TypeScript with zx's `$` and the typed client at hand, in this very process.
import { existsSync, statSync } from "node:fs";
import { resolve } from "node:path";
import { fail, RbeeError } from "../lib/errors.ts";
import { typedClient } from "../lib/script/typed-client.ts";
import type { Command, ParsedArgs } from "./argv.ts";
import { usage } from "./argv.ts";
import { COMMON_ARGS } from "./commands.ts";
import { connect } from "./connect.ts";
import { hiveOf } from "./leaf.ts";
import { Output } from "./output.ts";

export const runCommand: Command = {
  name: "run",
  summary: 'Run a script that may `import { $, rbee } from "rbee"`',
  args: {
    script: {
      type: "positional",
      required: false,
      valueHint: "SCRIPT",
      description: "A .ts or .js file, or - for stdin; what follows is the script's",
    },
    types: { type: "boolean", description: "Print the types, for an editor: rbee run --types > rbee.d.ts" },
    ...COMMON_ARGS,
  },
  takesRest: true,
  examples: ["rbee run deploy.ts --to staging", "rbee run --types"],
  run,
};

async function run(args: ParsedArgs): Promise<number> {
  const output = new Output(args.values);
  const { script, types } = args.values;
  if (types === true) {
    const { scriptTypes } = await import("../lib/script/types.ts");
    if (output.json) output.data({ types: scriptTypes() });
    else output.result(scriptTypes());
    return 0;
  }
  if (typeof script !== "string") throw usage(["run"], "<SCRIPT> is missing");
  const target = script === "-" ? STDIN : findScript(script);
  const text = script === "-" ? await Bun.stdin.text() : "";
  const hive = hiveOf(args);
  process.argv = [process.argv[0]!, script === "-" ? "-" : target, ...args.afterDashes];
  return runModule(target, { text, hive, output });
}

const STDIN = "rbee:stdin";

/** @throws FILE_NOT_FOUND that tells apart what else could have been meant. */
function findScript(written: string): string {
  const path = resolve(written);
  if (existsSync(path) && statSync(path).isFile()) return path;
  const hint = /\.[cm]?[jt]s$/.test(written)
    ? "Its path is taken from the directory you are in"
    : `rbee run takes a script. To ask a model: rbee infer --model "${written}" PROMPT; to start one: rbee worker spawn --model "${written}"`;
  throw fail("FILE_NOT_FOUND", { path: written }, { hint });
}

interface Surroundings {
  /** What stdin held, for `-`. */
  readonly text: string;
  readonly hive: string | undefined;
  readonly output: Output;
}

/** Imports the script and waits until nothing of it is left to do. Signals end what it has started first. */
async function runModule(target: string, { text, hive, output }: Surroundings): Promise<number> {
  const { $, kill } = await import("zx");
  const { rbee, cancelAll } = typedClient(() => connect(hive));
  const children = trackChildren($);
  Bun.plugin({
    name: "rbee",
    setup: (build) => {
      build.module("rbee", () => ({ exports: { $, rbee }, loader: "object" }));
      build.module(STDIN, () => ({ contents: text, loader: "ts" }));
    },
  });
  const endAll = () => Promise.all([cancelAll(), ...[...children].map((pid) => kill(pid, "SIGTERM").catch(() => undefined))]);
  const stopped = onFirstSignal(endAll);
  try {
    const ran = import(target).then(() => finished());
    // A script that was stopped may never settle, or fail because of it: the signal's code is the answer.
    return await Promise.race([ran, stopped]);
  } catch (thrown) {
    if (hasBeenStopped) return await stopped;
    await endAll();
    if (thrown instanceof RbeeError) throw thrown;
    output.note(Bun.inspect(thrown, { colors: false }));
    return 1;
  }
}

let hasBeenStopped = false;

/** Resolves with the exit code after the first signal's work is done; a second signal leaves at once. */
function onFirstSignal(work: () => Promise<unknown>): Promise<number> {
  return new Promise((resolve) => {
    for (const [signal, code] of [
      ["SIGINT", 130],
      ["SIGTERM", 143],
      ["SIGHUP", 129],
    ] as const)
      process.on(signal, () => {
        if (hasBeenStopped) process.exit(code);
        hasBeenStopped = true;
        void work().finally(() => resolve(code));
      });
  });
}

/** Timers and servers of the script go on after its last line: as in any runtime it is over when nothing is left. */
function finished(): Promise<number> {
  return new Promise((resolve) => process.once("beforeExit", () => resolve(Number(process.exitCode ?? 0))));
}

/** The programs that the script's `$` runs right now, by pid. */
function trackChildren($: typeof import("zx").$): ReadonlySet<number> {
  const children = new Set<number>();
  const { spawn } = $;
  const tracking = (...args: Parameters<typeof spawn>) => {
    const child = spawn(...args);
    if (child.pid === undefined) return child;
    children.add(child.pid);
    child.once("exit", () => children.delete(child.pid!));
    return child;
  };
  $.spawn = tracking as typeof spawn;
  return children;
}
