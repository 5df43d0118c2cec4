// worker_remove: takes away versions of a worker, the link with the last of them; refuses while a process of one runs.
import type { Input, Output } from "../../lib/contract/operations.ts";
import type { InstalledWorker } from "../../lib/contract/views.ts";
import { fail } from "../../lib/errors.ts";
import { keyOf } from "../../lib/store/layout.ts";
import type { Hive } from "../hive.ts";
import type { JobContext } from "../job.ts";
import { isRunning } from "../worker/record.ts";

export async function workerRemove(
  hive: Hive,
  job: JobContext,
  { worker_id: ref, force, elevate }: Input<"worker_remove">,
): Promise<Output<"worker_remove">> {
  const versions = await hive.stores.find(ref);
  if (versions.length === 0) throw fail("WORKER_NOT_INSTALLED", { id: ref });
  await endUsers(hive, job, versions, force === true);
  const places = [...Map.groupBy(versions, ({ prefix }) => prefix)].map(([prefix, here]) => ({ store: hive.stores.at(prefix), here }));
  const isElevated = ({ store }: (typeof places)[number]) => elevate !== undefined && !store.isWritable();
  let freed = 0;
  for (const { here } of places.filter(isElevated)) freed += await removeElevated(hive, job, here, elevate ?? "sudo");
  job.commit();
  for (const { store, here } of places.filter((place) => !isElevated(place))) {
    const id = here[0]!.id;
    freed += await store.remove(id, here);
    const [next] = await store.find(id);
    if (next && here.some(({ active }) => active)) job.note(`${id} ${next.version} is the active version now`);
  }
  return { removed: versions, freed_bytes: freed };
}

/** Somebody with the rights does it. @throws ELEVATION_REFUSED. */
async function removeElevated(
  hive: Hive,
  job: JobContext,
  versions: readonly InstalledWorker[],
  means: "sudo" | "pkexec",
): Promise<number> {
  const { id, prefix } = versions[0]!;
  const words = ["remove", "--id", id, "--versions", versions.map(keyOf).join(","), "--prefix", prefix];
  await hive.elevation.run(job, means, words, `sudo rbee worker remove ${id}`);
  return versions.reduce((sum, { size_bytes }) => sum + size_bytes, 0);
}

/** What is unloaded would not start any more: it is stopped without being asked. @throws WORKER_RUNNING. */
async function endUsers(hive: Hive, job: JobContext, versions: readonly InstalledWorker[], force: boolean): Promise<void> {
  const users = versions.flatMap(({ tree }) => hive.supervisor.usersOf(tree));
  const running = users.filter(isRunning);
  if (running.length > 0 && !force)
    throw fail("WORKER_RUNNING", { id: versions[0]!.id, processes: running.map((process) => process.id).join(" ") });
  for (const process of users) {
    await hive.supervisor.stop(process.id);
    if (isRunning(process)) job.note(`Stopped process ${process.id}`);
  }
}
