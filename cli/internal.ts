// rbee internal place | remove: not for people. The only part of rbee that is meant to run with somebody else's rights (sudo, pkexec):
// it puts a packed worker in place, or takes one away, and can do nothing else. It asks no hive, reads no settings, runs nothing of a recipe.
import { isAbsolute } from "node:path";
import type { ArgsDef } from "citty";
import { WorkerId } from "../lib/contract/entry.ts";
import { placeHandedOver, removeFrom } from "../lib/handover.ts";
import { type Command, findCommand, type ParsedArgs, parseArguments, usage } from "./argv.ts";

const text = (description: string) => ({ type: "string", description }) as const satisfies ArgsDef[string];

const TREE: Command = {
  name: "internal",
  summary: "Steps that need rights",
  children: [
    {
      name: "place",
      summary: "Install what a build has packed",
      args: { from: text("Directory"), sha256: text("What it must be"), prefix: text("Prefix") },
      run: async (args) => done(await placeHandedOver(path(args, "from"), sum(args), path(args, "prefix"))),
    },
    {
      name: "remove",
      summary: "Remove a worker",
      args: { id: text("The worker"), prefix: text("Prefix") },
      run: async (args) => done(await removeFrom(path(args, "prefix"), id(args))),
    },
  ],
};

/** Where the programs that the store uses (sync, chmod) are taken from, whatever PATH was handed on. */
const SAFE_PATH = "/usr/sbin:/usr/bin:/sbin:/bin";

/** Runs one of the two. Returns the exit code. @throws USAGE for any word that is not one of theirs. */
export async function runInternal(argv: readonly string[]): Promise<number> {
  const found = findCommand(TREE, argv);
  const args = parseArguments({ ...found, path: ["internal", ...found.path] });
  if (!found.command.run) throw usage([], "rbee internal is not for people");
  process.env.PATH = SAFE_PATH;
  // Whole or absent: once it has begun it is a matter of moments, and a Ctrl+C in the terminal is meant for the job.
  for (const signal of ["SIGINT", "SIGHUP", "SIGTERM"] as const) process.on(signal, () => {});
  return found.command.run(args);
}

function done({ binary }: { binary: string }): number {
  process.stdout.write(`${binary}\n`);
  return 0;
}

function path(args: ParsedArgs, name: string): string {
  const value = given(args, name);
  if (!isAbsolute(value) || value.includes("\0")) throw usage(["internal"], `--${name} must be an absolute path`);
  return value;
}

function sum(args: ParsedArgs): string {
  const value = given(args, "sha256");
  if (!/^[0-9a-f]{64}$/.test(value)) throw usage(["internal"], "--sha256 must be 64 hexadecimal digits");
  return value;
}

function id(args: ParsedArgs): string {
  const parsed = WorkerId.safeParse(given(args, "id"));
  if (!parsed.success) throw usage(["internal"], "--id must be a worker's id");
  return parsed.data;
}

function given({ values, lists }: ParsedArgs, name: string): string {
  const value = values[name];
  if (typeof value !== "string" || value === "" || (lists[name]?.length ?? 0) > 1)
    throw usage(["internal"], `--${name} must be given once`);
  return value;
}
