// rbee path: the user's bin directory on PATH, or off it again, in the file of the shell that is used.
import { join } from "node:path";
import { Shell } from "../lib/contract/views.ts";
import { fail } from "../lib/errors.ts";
import { planPathSetup, setUpPath, undoPathSetup } from "../lib/path-setup.ts";
import { pathsFrom, shortPath } from "../lib/paths.ts";
import type { Command, ParsedArgs } from "./argv.ts";
import { usage } from "./argv.ts";
import { COMMON_ARGS } from "./commands.ts";
import { canAsk, confirm } from "./confirm.ts";
import { Output } from "./output.ts";

const SHELLS = Shell.options;
const ARGS = {
  shell: { type: "string", valueHint: SHELLS.join("|"), description: "Default: the one that SHELL names" },
  "dry-run": { type: "boolean", description: "Only show what would be written where" },
  yes: { type: "boolean", alias: "y", description: "Write it without asking" },
  ...COMMON_ARGS,
} as const;

export const pathCommand: Command = {
  name: "path",
  summary: "Your bin directory on PATH",
  children: [
    {
      name: "setup",
      summary: "Put your bin directory on PATH (shows the line, asks, writes once)",
      args: ARGS,
      examples: ["rbee path setup", "rbee path setup --dry-run --shell zsh"],
      run: (args) => change(args, "setup"),
    },
    {
      name: "remove",
      summary: "Take that line out again",
      args: ARGS,
      examples: ["rbee path remove", "rbee path remove --yes"],
      run: (args) => change(args, "remove"),
    },
  ],
};

async function change(args: ParsedArgs, verb: "setup" | "remove"): Promise<number> {
  const output = new Output(args.values);
  const shell = SHELLS.find((name) => name === args.values.shell);
  if (args.values.shell !== undefined && !shell) throw usage(["path", verb], `"${args.values.shell}" is not one of ${SHELLS.join(", ")}`);
  const plan = planPathSetup({ directory: join(pathsFrom().userPrefix, "bin"), shell, env: process.env });
  const words = verb === "setup" ? "Will add to" : "Will take out of";
  output.note(`${words} ${shortPath(plan.file)}:\n    ${plan.line}`);
  if (args.values["dry-run"] === true) {
    if (output.json) output.data({ ...plan, changed: false });
    return 0;
  }
  if (args.values.yes !== true && canAsk(output) && !(await confirm("Do it?"))) throw fail("CANCELLED", {});
  const done = verb === "setup" ? setUpPath(plan) : undoPathSetup(plan);
  if (output.json) output.data(done);
  else if (!done.changed) output.note(`Nothing to do: ${shortPath(plan.file)} ${verb === "setup" ? "has it already" : "does not have it"}`);
  else output.note(`✓ Done. New shells know it; for this one: ${verb === "setup" ? plan.line : "open a new one"}`);
  return 0;
}
