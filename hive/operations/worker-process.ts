// Worker processes: started, listed, stopped.
import type { Input, Output } from "../../lib/contract/operations.ts";
import { choose } from "../choose.ts";
import type { Hive } from "../hive.ts";
import type { JobContext } from "../job.ts";
import { withFigures } from "../process-figures.ts";
import { makeRoom, needOf } from "../room.ts";

export async function workerSpawn(hive: Hive, job: JobContext, input: Input<"worker_spawn">): Promise<Output<"worker_spawn">> {
  const worker = input.worker === undefined ? undefined : await hive.stores.get(input.worker);
  const model = input.model === undefined ? undefined : await hive.models.get(input.model);
  const choice = choose({ worker, model }, await hive.stores.list(), await hive.models.list());
  for (const reason of choice.reasons) job.note(reason);
  const memoryBytes = needOf(choice.model);
  const device = input.device?.split(":")[0] ?? choice.worker.worker_type;
  await makeRoom(hive, { bytes: memoryBytes, device }, choice.model?.id ?? choice.worker.id, job.note);
  const process = await hive.supervisor.spawn({
    ...choice,
    device: input.device,
    port: input.port,
    args: input.args ?? [],
    keepAliveMs: input.keep_alive,
    // A limit that was given is the job's.
    limitMs: input.timeout === undefined ? undefined : 0,
    memoryBytes,
    signal: job.signal,
  });
  if (choice.model) await hive.models.touch(choice.model.id);
  await hive.stores
    .at(choice.worker.prefix)
    .touch(choice.worker, Date.now())
    .catch(() => job.note("Could not note the time of use (no right to write there)"));
  return process;
}

export async function workerProcessList(hive: Hive): Promise<Output<"worker_process_list">> {
  return { processes: hive.supervisor.list().map((process) => withFigures(hive, process)) };
}

export async function workerProcessGet(
  hive: Hive,
  _job: JobContext,
  { id }: Input<"worker_process_get">,
): Promise<Output<"worker_process_get">> {
  return withFigures(hive, hive.supervisor.get(id));
}

export async function workerProcessDelete(
  hive: Hive,
  _job: JobContext,
  { id }: Input<"worker_process_delete">,
): Promise<Output<"worker_process_delete">> {
  return hive.supervisor.stop(id);
}
