// A command without the word that says what is meant: it is asked of everything that it applies to, one after the other.
import type { HiveClient } from "../lib/client.ts";
import type { OperationName } from "../lib/contract/operations.ts";
import { toRbeeError } from "../lib/errors.ts";
import type { Output } from "./output.ts";

type Input = Record<string, unknown>;

interface About {
  readonly connect: () => Promise<HiveClient>;
  readonly output: Output;
}

/** Goes on after a failure, but not after an interrupt. Returns the exit code of the first that was not 0. */
export async function forAll(name: OperationName, input: Input, about: About, run: (input: Input) => Promise<number>): Promise<number> {
  if (name !== "worker_upgrade") throw new Error(`Nobody knows what ${name} applies to`);
  let first = 0;
  for (const id of await outdated(about)) {
    about.output.note(`==> ${id}`);
    const code = await orTold(about.output, () => run({ ...input, worker_id: id }));
    first ||= code;
    if (code > 128) break;
  }
  return first;
}

/** The workers to upgrade; what is pinned is told and passed over. */
async function outdated({ connect, output }: About): Promise<string[]> {
  const { workers, notes } = await (await connect()).run("worker_outdated", {});
  for (const note of notes) output.warn(note);
  for (const { id, version, offered } of workers.filter(({ pinned }) => pinned))
    output.note(`${id} is pinned at ${version}: passed over (${offered} is offered)`);
  const ids = [...new Set(workers.filter(({ pinned }) => !pinned).map(({ id }) => id))];
  if (ids.length === 0) output.note("✓ Nothing to upgrade");
  return ids;
}

async function orTold(output: Output, action: () => Promise<number>): Promise<number> {
  try {
    return await action();
  } catch (thrown) {
    const error = toRbeeError(thrown);
    output.error(error);
    return error.exitCode;
  }
}
