// worker_lock: what rbee.lock should hold of these workers and models.
import { findOffer } from "../../lib/catalog.ts";
import { LOCK_VERSION, type LockedModel, type LockedWorker } from "../../lib/contract/lock.ts";
import type { Input, Output } from "../../lib/contract/operations.ts";
import type { Hive } from "../hive.ts";
import type { JobContext } from "../job.ts";
import { lockedModel, lockedWorker, unpinned } from "../locked.ts";
import { readOffer } from "../recipes.ts";

/** Without names: every installed worker and every model that is here. */
export async function workerLock(hive: Hive, job: JobContext, input: Input<"worker_lock">): Promise<Output<"worker_lock">> {
  const isAll = input.workers === undefined && input.models === undefined;
  const ids = input.workers ?? (isAll ? [...new Set((await hive.stores.list()).map(({ id }) => id))] : []);
  const refs = input.models ?? (isAll ? (await hive.models.list()).map(({ id }) => id) : []);
  const workers: Record<string, LockedWorker> = {};
  const models: Record<string, LockedModel> = {};
  for (const id of ids) workers[id] = await lockWorker(hive, job, id);
  for (const ref of refs) {
    const model = await hive.models.get(ref);
    models[model.id] = await lockedModel(model, job.signal);
  }
  return { lock_version: LOCK_VERSION, workers, models };
}

async function lockWorker(hive: Hive, job: JobContext, id: string): Promise<LockedWorker> {
  const offer = await findOffer(hive.catalogs, id, job.signal);
  const fetched = await readOffer(hive, offer, job.signal);
  const locked = lockedWorker(offer, fetched);
  for (const source of unpinned(locked)) job.note(`${id}: nothing pins ${source}, so the lock cannot hold it`, "warn");
  const installed = await hive.stores.find(id);
  if (installed.length > 0 && installed.every(({ digest }) => digest !== fetched.digest))
    job.note(`${id} was installed from another recipe than the catalog has now: the catalog's is locked`, "warn");
  return locked;
}
