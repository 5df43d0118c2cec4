// rbee worker lock: writes rbee.lock where one is.
import { existsSync } from "node:fs";
import type { LockFile } from "../lib/contract/lock.ts";
import { emptyLock, readLockFile, writeLockFile } from "../lib/lock-file.ts";
import type { Command, ParsedArgs } from "./argv.ts";
import { connect } from "./connect.ts";
import { hiveOf, leaf } from "./leaf.ts";
import { LOCK_FILE, lockPath } from "./locked.ts";
import type { Output } from "./output.ts";

export const lockCommand: Command = {
  ...leaf(
    "lock",
    "Write rbee.lock: exactly which recipes, sources and models these are",
    {
      id: {
        type: "positional",
        required: false,
        valueHint: "id",
        description: "Workers to lock (default: all that are installed, and all models)",
      },
      model: { type: "string", valueHint: "REF", description: "A model to lock (may be repeated)" },
      ...LOCK_FILE,
    },
    writeLock,
    ["rbee worker lock", "rbee worker lock llama-node-cpu --model Qwen/Qwen3-0.6B-GGUF:Q8_0"],
  ),
  manyWords: "id",
};

/** Named workers and models are brought up to date in the file; without names the file becomes what is here. */
async function writeLock(args: ParsedArgs, output: Output): Promise<number> {
  const path = lockPath(args);
  const { id: workers, model: models } = args.lists;
  // A file that cannot be read is told before anything is asked.
  const before = existsSync(path) ? readLockFile(path) : emptyLock;
  const client = await connect(hiveOf(args));
  const onEvent = (event: { event: string; data: unknown }) => tellNote(event, output);
  const found = await client.run(
    "worker_lock",
    { ...(workers ? { workers: [...workers] } : {}), ...(models ? { models: [...models] } : {}) },
    { onEvent },
  );
  const lock = workers || models ? merge(before, found) : found;
  writeLockFile(path, lock);
  if (output.json) output.data(lock);
  else output.result(path);
  output.note(`✓ Locked: ${count(lock.workers, "worker")}, ${count(lock.models, "model")}`);
  return 0;
}

function merge(before: LockFile, { workers, models }: LockFile): LockFile {
  return { ...before, workers: { ...before.workers, ...workers }, models: { ...before.models, ...models } };
}

function tellNote({ event, data }: { event: string; data: unknown }, output: Output): void {
  if (event === "note") output.warn((data as { message: string }).message);
}

function count(record: object, what: string): string {
  const number = Object.keys(record).length;
  return `${number} ${what}${number === 1 ? "" : "s"}`;
}
