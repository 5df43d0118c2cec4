// rbee pkgbuild build: builds a recipe in its directory, without a hive.
import { join, resolve } from "node:path";
import { fail, type RbeeError } from "../lib/errors.ts";
import { LineSplitter } from "../lib/lines.ts";
import { pathsFrom } from "../lib/paths.ts";
import type { Command, ParsedArgs } from "./argv.ts";
import { COMMON_ARGS } from "./commands.ts";
import { Output } from "./output.ts";

export const buildCommand: Command = {
  name: "build",
  summary: "Build a recipe's packages, as makepkg would",
  args: {
    dir: { type: "positional", required: false, description: "Where the PKGBUILD lies (default: here)" },
    archive: { type: "boolean", description: "Make .pkg.tar.zst instead of a directory for each package" },
    output: { type: "string", valueHint: "DIR", description: "Where packages go (default: DIR/pkg, archives: DIR)" },
    "offline-build": { type: "boolean", description: "Close the network once the sources are fetched" },
    ...COMMON_ARGS,
  },
  examples: ["rbee pkgbuild build", "rbee pkgbuild build ./my-worker --archive --offline-build"],
  run: build,
};

async function build({ values }: ParsedArgs): Promise<number> {
  const output = new Output(values);
  const { buildDirectory } = await import("../lib/pkgbuild/build.ts");
  const directory = directoryOf(values);
  const archive = values.archive === true;
  const log = logTo(output);
  using interrupt = interruption();
  const made = await buildDirectory({
    ...{ directory, archive, network: values["offline-build"] !== true, paths: pathsFrom(), env: process.env },
    output: typeof values.output === "string" ? resolve(values.output) : archive ? directory : join(directory, "pkg"),
    rbeeBinary: process.execPath,
    onNote: (message) => output.note(message),
    onOutput: log.push,
    signal: interrupt.signal,
  }).finally(log.end);
  if (output.json) output.data({ packages: made });
  else output.result(made.join("\n"));
  return 0;
}

function directoryOf(values: ParsedArgs["values"]): string {
  return resolve(typeof values.dir === "string" ? values.dir : ".");
}

/** The first Ctrl+C or SIGTERM ends the build and its processes; the error says which. */
function interruption(): Disposable & { readonly signal: AbortSignal } {
  const controller = new AbortController();
  const handlers = (["SIGINT", "SIGTERM", "SIGHUP"] as const).map((name) => {
    const handler = () => controller.abort(endedBy(name));
    process.on(name, handler);
    return () => process.off(name, handler);
  });
  return {
    signal: controller.signal,
    [Symbol.dispose]: () => {
      for (const off of handlers) off();
    },
  };
}

function endedBy(name: string): RbeeError {
  return name === "SIGINT" ? fail("CANCELLED", {}) : fail("TERMINATED", {});
}

/** A build's both streams, line by line, to stderr: stdout is for what was made. */
function logTo(output: Output) {
  const show = (lines: string[]) => {
    for (const line of lines) output.log(line);
  };
  const splitters = { stdout: new LineSplitter(show), stderr: new LineSplitter(show) };
  return {
    push: (stream: "stdout" | "stderr", bytes: Uint8Array) => splitters[stream].push(bytes),
    end: () => {
      splitters.stdout.end();
      splitters.stderr.end();
    },
  };
}
