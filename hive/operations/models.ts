// Models: taken in, listed, removed.
import type { Input, Output } from "../../lib/contract/operations.ts";
import { fail } from "../../lib/errors.ts";
import type { Hive } from "../hive.ts";
import type { JobContext } from "../job.ts";

export async function modelDownload(
  hive: Hive,
  job: JobContext,
  { model: ref }: Input<"model_download">,
): Promise<Output<"model_download">> {
  const model = await hive.models.add(ref);
  job.note(model.kept === "linked" ? "Linked: the same bytes under a second name, no space used" : "Copied");
  return model;
}

export async function modelList(hive: Hive): Promise<Output<"model_list">> {
  return { models: await hive.models.list() };
}

export async function modelGet(hive: Hive, _job: JobContext, { id }: Input<"model_get">): Promise<Output<"model_get">> {
  return hive.models.get(id);
}

export async function modelRemove(hive: Hive, job: JobContext, { id: ref }: Input<"model_remove">): Promise<Output<"model_remove">> {
  const model = await hive.models.get(ref);
  const users = hive.supervisor.running().filter((process) => process.model === model.id);
  if (users.length > 0) throw fail("MODEL_IN_USE", { ref: model.id, processes: users.map(({ id }) => id).join(" ") });
  job.commit();
  return { id: model.id, freed_bytes: await hive.models.remove(model) };
}
