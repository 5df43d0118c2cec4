// worker_remove: takes away versions of a worker, the link with the last of them; refuses while a process of one runs.
import type { Input, Output } from "../../lib/contract/operations.ts";
import type { InstalledWorker } from "../../lib/contract/views.ts";
import { fail } from "../../lib/errors.ts";
import type { Hive } from "../hive.ts";
import type { JobContext } from "../job.ts";
import { isRunning } from "../worker-record.ts";

export async function workerRemove(
  hive: Hive,
  job: JobContext,
  { worker_id: ref, force }: Input<"worker_remove">,
): Promise<Output<"worker_remove">> {
  const versions = await hive.stores.find(ref);
  if (versions.length === 0) throw fail("WORKER_NOT_INSTALLED", { id: ref });
  await endUsers(hive, job, versions, force === true);
  job.commit();
  let freed = 0;
  for (const [prefix, here] of Map.groupBy(versions, (version) => version.prefix)) {
    const id = here[0]!.id;
    freed += await hive.stores.at(prefix).remove(id, here);
    const [next] = await hive.stores.at(prefix).find(id);
    if (next && here.some(({ active }) => active)) job.note(`${id} ${next.version} is the active version now`);
  }
  return { removed: versions, freed_bytes: freed };
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
