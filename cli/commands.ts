// Turns each operation of the contract into a command: its words, flags and help follow from the contract's entry.
import type { ArgsDef } from "citty";
import { z } from "zod";
import { argumentOf, type Operation } from "../lib/contract/operation.ts";
import { type InputWritten, type OperationName, operations } from "../lib/contract/operations.ts";
import { invalidInput } from "../lib/issues.ts";
import { type Command, flagKey, type ParsedArgs, usage } from "./argv.ts";
import { connect, unaskedCatalogs } from "./connect.ts";
import { forAll } from "./for-all.ts";
import { LOCKED_ARGS, lockedInputs, nameIsOptional } from "./locked.ts";
import { Output } from "./output.ts";
import { prepare } from "./prepare.ts";
import { runOperation } from "./run.ts";

/** Flags of every command. */
export const COMMON_ARGS = {
  json: { type: "boolean", description: "Data as JSON on stdout; of a job, one event a line" },
  hive: { type: "string", valueHint: "URL", description: "The hive to ask (default: this machine's; started when none runs)" },
  quiet: { type: "boolean", alias: "q", description: "Results and errors only" },
  verbose: { type: "boolean", alias: "v", description: "Every log line" },
  plain: { type: "boolean", description: "No colour, no symbols, no moving lines" },
  help: { type: "boolean", alias: "h", description: "This help" },
} as const satisfies ArgsDef;

/** Flags of `rbee` itself. */
export const ROOT_ARGS = {
  ...COMMON_ARGS,
  version: { type: "boolean", alias: "V", description: "The version" },
} as const satisfies ArgsDef;

const DETACH = { type: "boolean", alias: "d", description: "Print the job's id and do not wait" } as const;

const YES = { type: "boolean", alias: "y", description: "Build a recipe from elsewhere without asking" } as const;

/** Flags that a command has beside its operation's. */
const EXTRA_ARGS: Readonly<Partial<Record<OperationName, ArgsDef>>> = {
  worker_install: { ...LOCKED_ARGS, detach: DETACH, yes: YES },
  worker_upgrade: { yes: YES },
  model_download: { ...LOCKED_ARGS, detach: DETACH },
  worker_import: { yes: { type: "boolean", alias: "y", description: "Install what was built elsewhere without asking" } },
  prune: { yes: { type: "boolean", alias: "y", description: "Do it, also on a terminal" } },
};

/** The commands of all operations, each with the words that lead to it. */
export function operationCommands(): { words: readonly string[]; command: Command }[] {
  return (Object.entries(operations) as [OperationName, Operation][]).flatMap(([name, operation]) =>
    operation.command ? [{ words: operation.command, command: operationCommand(name, operation) }] : [],
  );
}

function operationCommand(name: OperationName, operation: Operation): Command {
  const afterDashes = Object.entries(operation.input.shape).find(([, schema]) => argumentOf.get(schema as z.ZodType)?.afterDashes)?.[0];
  return {
    name: operation.command!.at(-1)!,
    summary: operation.summary,
    aliases: operation.aliases,
    args: { ...operationArgs(operation, nameIsOptional(name)), ...EXTRA_ARGS[name], ...COMMON_ARGS },
    examples: operation.examples,
    ...(afterDashes ? { afterDashes } : {}),
    run: (args) => runCommand(name, operation, args),
  };
}

/** Every visible field of the input as a flag or a word; `optional` is a word that something else can stand in for. */
function operationArgs(operation: Operation, optional: string | undefined): ArgsDef {
  const args: ArgsDef = {};
  for (const [field, schema] of Object.entries(operation.input.shape)) {
    const view = argumentOf.get(schema as z.ZodType);
    if (!view || view.hidden || view.afterDashes) continue;
    const common = { description: view.description, valueHint: view.label ?? field };
    const mayLack = flagKey(field) === optional || view.mayBeLeftOut || schema instanceof z.ZodOptional;
    if (view.positional) args[flagKey(field)] = { type: "positional", required: !mayLack, ...common };
    else if (isBoolean(schema as z.ZodType)) args[flagKey(field)] = { type: "boolean", description: view.description };
    else args[flagKey(field)] = { type: "string", ...common, ...(view.alias ? { alias: view.alias } : {}) };
  }
  return args;
}

async function runCommand(name: OperationName, operation: Operation, args: ParsedArgs): Promise<number> {
  const output = new Output(args.values);
  requireWord(name, operation, args);
  const inputs = lockedInputs(name, inputFrom(operation, args), args);
  const hive = text(args.values.hive);
  if (hive === undefined) warnOfCatalogs(output);
  const yes = args.values.yes === true;
  const isLocal = hive === undefined && args.values.detach !== true;
  const about = { connect: () => connect(hive), output, yes, isLocal };
  const run = async (input: Record<string, unknown>) => {
    checkInput(operation, input);
    const prepared = (await prepare(name, input, about)) as InputWritten<typeof name>;
    return runOperation(name, prepared, { client: await connect(hive), output, detach: args.values.detach === true });
  };
  let exitCode = 0;
  for (const written of inputs) exitCode ||= await (isForAll(operation, written) ? forAll(name, written, about, run) : run(written));
  if (inputs.length === 0) output.note("The lock file has none of them");
  return exitCode;
}

/** A hive keeps the catalogs that it was started with. */
function warnOfCatalogs(output: Output): void {
  const places = unaskedCatalogs();
  if (places.length > 0)
    output.warn(`The hive that runs was started without ${places.join(", ")} (RBEE_CATALOG); to have it asked: rbee hive restart`);
}

/** The word that says what is meant was left out, and may be. */
function isForAll(operation: Operation, input: Record<string, unknown>): boolean {
  return Object.entries(operation.input.shape).some(
    ([field, schema]) => argumentOf.get(schema as z.ZodType)?.mayBeLeftOut && input[field] === undefined,
  );
}

/** @throws USAGE for a word that is missing and that `--locked` does not stand in for. */
function requireWord(name: OperationName, { command, input }: Operation, { values }: ParsedArgs): void {
  const word = nameIsOptional(name);
  if (word === undefined || values.locked === true || values[word] !== undefined) return;
  const schema = Object.entries(input.shape).find(([field]) => flagKey(field) === word)?.[1];
  throw usage(command ?? [], `<${argumentOf.get(schema as z.ZodType)?.label ?? word}> is missing`);
}

/** The operation's input as it was typed; the hive checks it. */
function inputFrom(operation: Operation, { values, afterDashes }: ParsedArgs): Record<string, unknown> {
  const input: Record<string, unknown> = {};
  for (const [field, schema] of Object.entries(operation.input.shape)) {
    const view = argumentOf.get(schema as z.ZodType);
    if (view?.afterDashes) {
      if (afterDashes.length > 0) input[field] = afterDashes;
    } else if (view && !view.hidden && values[flagKey(field)] !== undefined) input[field] = values[flagKey(field)];
  }
  return input;
}

/** The hive checks again; here a typo is told before anything is asked or started. @throws INVALID_INPUT. */
function checkInput(operation: Operation, input: Record<string, unknown>): void {
  const { error } = operation.input.safeParse(input);
  if (error) throw invalidInput(error, (field) => asTyped(operation, field), `See rbee ${operation.command?.join(" ")} --help`);
}

/** A field by what a person typed: `<id>`, `--port`. */
function asTyped({ input }: Operation, field: string): string {
  const view = argumentOf.get(input.shape[field] as z.ZodType);
  if (!view || view.afterDashes) return field;
  return view.positional ? `<${view.label ?? field}>` : `--${flagKey(field)}`;
}

function isBoolean(schema: z.ZodType): boolean {
  const inner = schema instanceof z.ZodOptional ? schema.unwrap() : schema;
  return inner instanceof z.ZodBoolean;
}

function text(value: string | boolean | undefined): string | undefined {
  return typeof value === "string" ? value : undefined;
}
