// The whole command tree, and the one place where an error becomes an exit code.
import { toRbeeError } from "../lib/errors.ts";
import { pathsFrom } from "../lib/paths.ts";
import { VERSION } from "../lib/version.ts";
import { type Command, findCommand, ownWords, parseArguments } from "./argv.ts";
import { operationCommands, ROOT_ARGS } from "./commands.ts";
import { completionCommand } from "./completion-command.ts";
import { configCommand } from "./config-command.ts";
import { doctorCommand } from "./doctor-command.ts";
import { firstPage } from "./first-page.ts";
import { renderHelp } from "./help.ts";
import { hiveCommand } from "./hive-command.ts";
import { jobCommand } from "./job-command.ts";
import { lockCommand } from "./lock-command.ts";
import { manCommand } from "./man-command.ts";
import { Output } from "./output.ts";
import { pathCommand } from "./path-command.ts";
import { pkgbuildCommand } from "./pkgbuild-command.ts";
import { processLogsCommand } from "./process-logs-command.ts";
import { runCommand } from "./run-command.ts";
import { schemaCommand } from "./schema-command.ts";
import { selfCommand } from "./self-command.ts";
import { uiCommand } from "./ui-command.ts";

const GROUPS: Readonly<Record<string, string>> = {
  worker: "Workers: what exists, what is installed, what runs",
  "worker process": "Running workers",
  model: "Models",
};

/** Runs the command that the words mean. Returns the exit code; nothing is thrown. */
export async function main(argv: readonly string[]): Promise<number> {
  const flags = { json: argv.includes("--json"), plain: argv.includes("--plain") };
  try {
    return await dispatch(argv);
  } catch (thrown) {
    const error = toRbeeError(thrown);
    const output = new Output(flags);
    if (output.json && !hasSpoken(thrown)) output.data({ error: error.toData() });
    output.error(error);
    if (error.code === "INTERNAL" && process.env.RBEE_DEBUG) output.note((thrown as Error)?.stack ?? "");
    return error.exitCode;
  }
}

export function commandTree(): Command {
  const root: GrowingCommand = {
    name: "rbee",
    summary: "Turns this machine into a host for LLM inference workers",
    children: [],
    args: ROOT_ARGS,
  };
  for (const { words, command } of operationCommands()) insert(root, words, command);
  insert(root, ["worker", "process", "logs"], processLogsCommand);
  insert(root, ["worker", "lock"], lockCommand);
  const processes = findCommand(root, ["worker", "process", "list"]).command;
  root.children.push(
    { ...processes, name: "ps", aliases: [] },
    hiveCommand,
    jobCommand,
    configCommand,
    doctorCommand,
    pathCommand,
    schemaCommand,
    runCommand,
    selfCommand,
    uiCommand,
    pkgbuildCommand,
    completionCommand(() => root),
    manCommand(() => root),
  );
  return root;
}

type GrowingCommand = Command & { children: Command[] };

function insert(root: GrowingCommand, words: readonly string[], command: Command): void {
  let parent = root;
  for (const [index, word] of words.slice(0, -1).entries()) {
    let child = parent.children.find(({ name }) => name === word) as GrowingCommand | undefined;
    if (!child) {
      child = { name: word, summary: GROUPS[words.slice(0, index + 1).join(" ")] ?? word, children: [] };
      parent.children.push(child);
    }
    parent = child;
  }
  parent.children.push(command);
}

async function dispatch(argv: readonly string[]): Promise<number> {
  if (argv[0] === "internal") return (await import("./internal.ts")).runInternal(argv.slice(1));
  if (argv.length === 0) {
    process.stdout.write(firstPage(pathsFrom()));
    return 0;
  }
  const words = argv[0] === "version" ? ["--version", ...argv.slice(1)] : argv;
  const found = findCommand(commandTree(), flagsLast(words));
  const wantsHelp = ownWords(found.command, found.rest)
    .slice(0, indexOrEnd(found.rest, "--"))
    .some((word) => word === "--help" || word === "-h");
  if (!wantsHelp) {
    const args = parseArguments(found);
    if (found.command.run) return found.command.run(args);
    if (args.values.version === true) return tellVersion(args.values.json === true);
  }
  process.stdout.write(renderHelp(found.command, found.path));
  return 0;
}

function tellVersion(json: boolean): number {
  process.stdout.write(json ? `${JSON.stringify({ version: VERSION })}\n` : `rbee ${VERSION}\n`);
  return 0;
}

/** Flags may stand before the verb (`rbee --json worker list`): they are moved behind it. */
function flagsLast(argv: readonly string[]): string[] {
  const valued = new Set(["--hive"]);
  const flags: string[] = [];
  const rest = [...argv];
  while (rest[0]?.startsWith("-")) {
    const flag = rest.shift()!;
    flags.push(flag);
    if (valued.has(flag) && rest.length > 0) flags.push(rest.shift()!);
  }
  const dashes = indexOrEnd(rest, "--");
  return [...rest.slice(0, dashes), ...flags, ...rest.slice(dashes)];
}

function indexOrEnd(words: readonly string[], word: string): number {
  const index = words.indexOf(word);
  return index < 0 ? words.length : index;
}

/** With `--json` a job's error was among its events already. */
function hasSpoken(thrown: unknown): boolean {
  return (thrown as { wasStreamed?: boolean } | null)?.wasStreamed === true;
}
