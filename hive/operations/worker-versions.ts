// Which of the versions that are here is the active one: switched back, held, let go.
import type { Input, Output } from "../../lib/contract/operations.ts";
import type { InstalledWorker } from "../../lib/contract/views.ts";
import { fail } from "../../lib/errors.ts";
import type { Hive } from "../hive.ts";
import type { JobContext } from "../job.ts";

/** `id`: the newest of those that were installed before the active one; `id@version`: that one. @throws NO_FORMER_VERSION, WORKER_PINNED. */
export async function workerRollback(
  hive: Hive,
  job: JobContext,
  { worker_id: ref }: Input<"worker_rollback">,
): Promise<Output<"worker_rollback">> {
  const wished = await hive.stores.get(ref);
  const versions = await hive.stores.at(wished.prefix).find(wished.id);
  const former = versions.find(({ active }) => active);
  const target = ref.includes("@") ? wished : versions.find(({ installed_at }) => installed_at < (former?.installed_at ?? 0));
  if (!target) throw fail("NO_FORMER_VERSION", { id: wished.id, version: wished.version });
  job.commit();
  if (target.active) return { worker: target, former: target.version };
  await makeActive(hive, job, target);
  return { worker: { ...target, active: true }, former: former?.version ?? null };
}

/** Switches the link to a version that is here. @throws WORKER_PINNED, FOREIGN_FILE. */
export async function makeActive(hive: Hive, job: JobContext, version: InstalledWorker): Promise<void> {
  const store = hive.stores.at(version.prefix);
  const former = (await store.find(version.id)).find(({ active }) => active);
  await store.use(version);
  job.note(`${version.id} ${version.version} is the active version now`);
  if (former) await retire(hive, job, former);
}

export async function workerPin(hive: Hive, _job: JobContext, { worker_id: id }: Input<"worker_pin">): Promise<Output<"worker_pin">> {
  return setPin(hive, id, true);
}

export async function workerUnpin(hive: Hive, _job: JobContext, { worker_id: id }: Input<"worker_unpin">): Promise<Output<"worker_unpin">> {
  return setPin(hive, id, false);
}

/** Processes of a version that is not the active one any more: who sleeps is not woken in the old version, who runs goes on and is told of. */
export async function retire(hive: Hive, job: JobContext, { id, version, tree }: InstalledWorker): Promise<void> {
  const users = hive.supervisor.usersOf(tree);
  for (const process of users.filter(({ state }) => state === "unloaded")) await hive.supervisor.stop(process.id);
  const running = users.filter(({ state }) => state !== "unloaded").map((process) => process.id);
  if (running.length > 0)
    job.note(`Process ${running.join(", ")} goes on with ${id} ${version} until it is stopped: rbee worker process stop ${running[0]}`);
}

async function setPin(hive: Hive, id: string, pinned: boolean): Promise<InstalledWorker> {
  const worker = await hive.stores.get(id);
  await hive.stores.at(worker.prefix).pin(worker.id, pinned);
  return { ...worker, pinned };
}
