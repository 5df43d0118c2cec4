// Worker processes: started, listed, stopped.
import { settingsFrom } from "../../lib/config.ts";
import type { Input, Output } from "../../lib/contract/operations.ts";
import type { Hive } from "../hive.ts";
import type { JobContext } from "../job.ts";
import { choose } from "../worker/choose.ts";
import { checkDevice, placeOf } from "../worker/device.ts";
import { withFigures } from "../worker/figures.ts";
import { makeRoom, needOf } from "../worker/room.ts";
import { lookOnce } from "./hive-check.ts";

export async function workerSpawn(hive: Hive, job: JobContext, input: Input<"worker_spawn">): Promise<Output<"worker_spawn">> {
  const worker = input.worker === undefined ? undefined : await hive.stores.get(input.worker);
  const model = input.model === undefined ? undefined : await hive.models.get(input.model);
  const { devices } = await lookOnce(hive);
  const wish = { worker, model, device: input.device };
  const choice = choose(wish, { workers: await hive.stores.list(), models: await hive.models.list(), devices });
  for (const reason of choice.reasons) job.note(reason);
  const remark = input.device === undefined ? undefined : checkDevice(input.device, choice.worker, devices);
  if (remark) job.note(remark, "warn");
  const memoryBytes = needOf(choice.model);
  await makeRoom(hive, { bytes: memoryBytes, place: placeOf(choice.worker, input.device) }, choice.model?.id ?? choice.worker.id, job.note);
  const process = await hive.supervisor.spawn({
    ...choice,
    device: input.device,
    port: input.port,
    args: input.args ?? [],
    keepAliveMs: input.keep_alive,
    limitMs: input.timeout ?? (settingsFrom(hive.paths, hive.env).spawn_timeout || undefined),
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
