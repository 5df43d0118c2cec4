// worker_upgrade and worker_outdated: installed workers against what their catalogs have now.
import { findOffer, listOffers, type Offer } from "../../lib/catalog.ts";
import { compareNumbers } from "../../lib/checks/tools.ts";
import type { Input, Output } from "../../lib/contract/operations.ts";
import type { InstalledWorker, OutdatedWorker } from "../../lib/contract/views.ts";
import { RbeeError } from "../../lib/errors.ts";
import type { Hive } from "../hive.ts";
import type { JobContext } from "../job.ts";
import { readOffer } from "../recipes.ts";
import { workerInstall } from "./worker-install.ts";

type Upgrade = Output<"worker_upgrade">;

/** Where the worker is installed now; a pinned one is left as it is. */
export async function workerUpgrade(hive: Hive, job: JobContext, input: Input<"worker_upgrade">): Promise<Upgrade> {
  const installed = await hive.stores.get(input.worker_id);
  const former = installed.version;
  if (installed.pinned) return { worker: installed, former, outcome: "pinned" };
  const offer = await findOffer(hive.catalogs, input.worker_id, job.signal);
  if (isOlder(offer, installed)) {
    job.note(`The catalog has an older version, ${offer.entry.version}; to install that: rbee worker download ${installed.id}`);
    return { worker: installed, former, outcome: "current" };
  }
  const place = installed.prefix === hive.paths.systemPrefix ? { system: true } : { prefix: installed.prefix, elevate: undefined };
  const { worker } = await workerInstall(hive, job, { ...input, ...place });
  return { worker, former, outcome: worker.digest === installed.digest ? "current" : "upgraded" };
}

export async function workerOutdated(hive: Hive, job: JobContext): Promise<Output<"worker_outdated">> {
  const [{ offers, problems }, installed] = await Promise.all([listOffers(hive.catalogs, job.signal), hive.stores.list()]);
  const workers: OutdatedWorker[] = [];
  for (const worker of installed) {
    const offer = offers.find(({ entry }) => entry.id === worker.id);
    if (!offer || isOlder(offer, worker)) continue;
    if (await hasRecipe(hive, job, offer, worker, problems)) continue;
    const { id, version, pinned, prefix } = worker;
    workers.push({ id, version, pinned, prefix, offered: offer.entry.version, origin: offer.catalog.origin });
  }
  return { workers, notes: problems };
}

/** Built from what is offered now. A recipe that cannot be read is told and counts as no reason to upgrade. */
async function hasRecipe(hive: Hive, job: JobContext, offer: Offer, { digest }: InstalledWorker, problems: string[]): Promise<boolean> {
  try {
    return (await readOffer(hive, offer, job.signal)).digest === digest;
  } catch (error) {
    if (!(error instanceof RbeeError)) throw error;
    problems.push(`${offer.entry.id}: ${error.message}`);
    return true;
  }
}

function isOlder({ entry }: Offer, { version }: InstalledWorker): boolean {
  return compareNumbers(entry.version, version) < 0;
}
