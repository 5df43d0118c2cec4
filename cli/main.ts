#!/usr/bin/env bun
// The entry of the binary. What must be fast stands first; everything else is loaded when it is needed.
import { writeSync } from "node:fs";
import { keepProxyOutside } from "../lib/proxy.ts";
import { VERSION } from "../lib/version.ts";

// A terminal that was closed and a reader that went away cost us our words, not the work: SIGHUP still cancels.
let lost: NodeJS.ErrnoException | undefined;
process.stdout.on("error", (error) => (lost ??= error));
process.stderr.on("error", () => {});

const argv = process.argv.slice(2);
if (argv.length === 1 && (argv[0] === "--version" || argv[0] === "-V"))
  process.stdout.write(`rbee ${VERSION}\n`, (error) => leave(0, error));
else if (argv[0] === "__guardian") void guard();
else if (argv[0] === "__ids") void printIds();
else void run();

async function run(): Promise<void> {
  keepProxyOutside(process.env);
  const { main } = await import("./program.ts");
  const code = await main(argv);
  // Handles that nobody waits for (a keep-alive connection) must not keep the command from ending.
  await Promise.all([flushed(process.stdout), flushed(process.stderr)]);
  leave(code);
}

/** A reader that went away has what it wanted; a full disk has not what the exit code would promise. */
function leave(code: number, failure: NodeJS.ErrnoException | null | undefined = lost): void {
  if (!failure || failure.code === "EPIPE") process.exit(code);
  // The stream has been ended by now.
  try {
    writeSync(2, `error: Could not write to stdout: ${failure.message}\ncode: DISK_FULL\n`);
  } finally {
    process.exit(code || 4);
  }
}

/** Not a command for people: what a shell completes, see cli/completion-command.ts. */
async function printIds(): Promise<void> {
  const [{ knownIds }, { pathsFrom }] = await Promise.all([import("../lib/known-ids.ts"), import("../lib/paths.ts")]);
  for (const id of knownIds(pathsFrom(), argv[1] ?? "")) process.stdout.write(`${id}\n`);
}

/** Not a command for people: a build's parent, see lib/process/guardian.ts. */
async function guard(): Promise<void> {
  const guardian = await import("../lib/process/guardian.ts");
  process.exit(await guardian.guard(argv.slice(1)));
}

/** Only the end of a stream waits for all that was written; an empty write's answer comes while a slow reader's pipe is still full. */
function flushed(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => (stream.destroyed ? resolve() : stream.end(() => resolve())));
}
