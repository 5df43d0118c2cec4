// --locked: what rbee.lock holds of a worker or model goes along with the request, and the hive refuses what differs.
import { basename, resolve } from "node:path";
import type { LockFile } from "../lib/contract/lock.ts";
import type { OperationName } from "../lib/contract/operations.ts";
import { fail } from "../lib/errors.ts";
import { LOCK_NAME, readLockFile } from "../lib/lock-file.ts";
import { flagKey, type ParsedArgs } from "./argv.ts";

export const LOCK_FILE = {
  "lock-file": { type: "string", valueHint: "FILE", description: `The lock file (default: ${LOCK_NAME} in this directory)` },
} as const;

export const LOCKED_ARGS = {
  locked: { type: "boolean", description: "Only exactly what rbee.lock holds; without a name, everything of its kind in there" },
  ...LOCK_FILE,
} as const;

/** The field of the operation's input that names what is fetched; undefined for operations that know no lock. */
const NAMES: Readonly<Partial<Record<OperationName, { field: string; kind: "workers" | "models" }>>> = {
  worker_install: { field: "worker_id", kind: "workers" },
  model_download: { field: "model", kind: "models" },
};

/** The lock file that the flags name. */
export function lockPath({ values }: Pick<ParsedArgs, "values">): string {
  return resolve(typeof values["lock-file"] === "string" ? values["lock-file"] : LOCK_NAME);
}

type Input = Record<string, unknown>;

/** The inputs to send: the one that was typed, or with `--locked` each with its part of the lock. @throws NOT_LOCKED, LOCK_INVALID, FILE_NOT_FOUND. */
export function lockedInputs(operation: OperationName, input: Input, args: ParsedArgs): Input[] {
  const about = NAMES[operation];
  if (!about || args.values.locked !== true) return [input];
  const { field, kind } = about;
  const path = lockPath(args);
  const lock = readLockFile(path);
  const wanted = input[field] === undefined ? Object.keys(lock[kind]) : [keyOf(lock, kind, String(input[field]), path)];
  return wanted.map((key) => {
    const locked = lock[kind][key]!;
    const name = kind === "workers" ? key : (input[field] ?? ("source" in locked ? locked.source : undefined) ?? key);
    return { ...input, [field]: name, locked };
  });
}

/** The word that names what is fetched may be left out, because the lock names it. */
export function nameIsOptional(operation: OperationName): string | undefined {
  const field = NAMES[operation]?.field;
  return field && flagKey(field);
}

/** A model is found under its id, the address it came from, or the name of its file. */
function keyOf(lock: LockFile, kind: "workers" | "models", name: string, path: string): string {
  if (Object.hasOwn(lock[kind], name)) return name;
  const models = kind === "models" ? Object.entries(lock.models) : [];
  const plain = name.replace(/^hf:(\/\/)?/, "");
  const found = models.find(([key, { source }]) => source === name || key === plain || key === basename(name).replace(/\.gguf$/i, ""));
  if (!found) throw fail("NOT_LOCKED", { what: name, path, again: kind === "workers" ? name : `--model ${name}` });
  return found[0];
}
