// A command that runs something of its own, with the flags that every command has.
import type { Command, ParsedArgs } from "./argv.ts";
import { COMMON_ARGS } from "./commands.ts";
import { Output } from "./output.ts";

/** The hive that `--hive` names; undefined means this machine's. */
export function hiveOf({ values }: ParsedArgs): string | undefined {
  return typeof values.hive === "string" ? values.hive : undefined;
}

/** Makes the command `name`; `run` gets its arguments and the terminal as the common flags ask for it, and returns the exit code. */
export function leaf(
  name: string,
  summary: string,
  args: NonNullable<Command["args"]>,
  run: (args: ParsedArgs, output: Output) => Promise<number>,
  examples: string[],
  aliases: string[] = [],
): Command {
  return { name, summary, aliases, args: { ...args, ...COMMON_ARGS }, examples, run: (parsed) => run(parsed, new Output(parsed.values)) };
}
