// worker_remove: takes away binary, tree and entry; refuses while a process of it runs.
import type { Input, Output } from "../../lib/contract/operations.ts";
import { fail } from "../../lib/errors.ts";
import type { Hive } from "../hive.ts";
import type { JobContext } from "../job.ts";

export async function workerRemove(
  hive: Hive,
  job: JobContext,
  { worker_id: ref, force, elevate }: Input<"worker_remove">,
): Promise<Output<"worker_remove">> {
  const workers = await hive.stores.find(ref);
  if (workers.length === 0) throw fail("WORKER_NOT_INSTALLED", { id: ref });
  const id = workers[0]!.id;
  const running = hive.supervisor.running().filter(({ worker_id }) => worker_id === id);
  if (running.length > 0 && !force) throw fail("WORKER_RUNNING", { id, processes: running.map((process) => process.id).join(" ") });
  for (const process of running) {
    await hive.supervisor.stop(process.id);
    job.note(`Stopped process ${process.id}`);
  }
  const others = workers.filter(({ prefix }) => elevate !== undefined && !hive.stores.at(prefix).isWritable());
  let freed = 0;
  for (const { prefix, size_bytes } of others) {
    await hive.elevation.run(job, elevate ?? "sudo", ["remove", "--id", id, "--prefix", prefix], `sudo rbee worker remove ${id}`);
    freed += size_bytes;
  }
  job.commit();
  for (const worker of workers.filter((each) => !others.includes(each))) freed += await hive.stores.at(worker.prefix).remove(worker);
  return { removed: workers, freed_bytes: freed };
}
