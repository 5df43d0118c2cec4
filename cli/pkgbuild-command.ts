// rbee pkgbuild …: the recipe engine by itself, without a hive.
import { join, resolve } from "node:path";
import { fail, type RbeeError } from "../lib/errors.ts";
import { LineSplitter } from "../lib/lines.ts";
import { pathsFrom } from "../lib/paths.ts";
import type { Command, ParsedArgs } from "./argv.ts";
import { COMMON_ARGS } from "./commands.ts";
import { Output } from "./output.ts";

const DIR = { dir: { type: "positional", required: false, description: "Where the PKGBUILD lies (default: here)" } } as const;

export const pkgbuildCommand: Command = {
  name: "pkgbuild",
  summary: "Recipes by themselves: read, check and build a PKGBUILD without a hive",
  children: [
    {
      name: "build",
      summary: "Build a recipe's packages, as makepkg would",
      args: {
        ...DIR,
        archive: { type: "boolean", description: "Make .pkg.tar.zst instead of a directory for each package" },
        output: { type: "string", valueHint: "DIR", description: "Where packages go (default: DIR/pkg, archives: DIR)" },
        "offline-build": { type: "boolean", description: "Close the network once the sources are fetched" },
        ...COMMON_ARGS,
      },
      examples: ["rbee pkgbuild build", "rbee pkgbuild build ./my-worker --archive --offline-build"],
      run: build,
    },
    {
      name: "srcinfo",
      summary: "Print what makepkg --printsrcinfo prints",
      args: { ...DIR, ...COMMON_ARGS },
      examples: ["rbee pkgbuild srcinfo", "rbee pkgbuild srcinfo ./my-worker --json"],
      run: srcinfo,
    },
  ],
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

async function srcinfo({ values }: ParsedArgs): Promise<number> {
  const output = new Output(values);
  const { readRecipe } = await import("../lib/pkgbuild/read.ts");
  const recipe = await readRecipe(join(directoryOf(values), "PKGBUILD"));
  const { writeSrcinfo } = await import("../lib/pkgbuild/srcinfo.ts");
  if (output.json) output.data(asData(recipe));
  else output.result(writeSrcinfo(recipe));
  return 0;
}

/** The recipe without what only the engine uses; positions are lines and columns from 1. */
function asData(recipe: object): Record<string, unknown> {
  const hidden = new Set(["variables", "overrides"]);
  return Object.fromEntries(Object.entries(recipe).filter(([name, value]) => typeof value !== "function" && !hidden.has(name)));
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
