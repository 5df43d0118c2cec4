// What exists and what is here: the catalog's workers and the installed ones.
import { findOffer, listOffers, type Offer } from "../../lib/catalog.ts";
import type { Input, Output } from "../../lib/contract/operations.ts";
import { fail, RbeeError } from "../../lib/errors.ts";
import { reasonsAgainst } from "../../lib/machine/platform.ts";
import { BUILT_IN, isBuiltIn } from "../catalog/builtin.ts";
import { catalogsOf, type Hive } from "../hive.ts";
import type { JobContext } from "../job.ts";
import { readOffer } from "../recipes.ts";

export async function workerCatalogList(hive: Hive, job: JobContext): Promise<Output<"worker_catalog_list">> {
  const [{ offers, problems }, installed] = await Promise.all([listOffers(hive.catalogs, job.signal), hive.stores.list()]);
  const here = new Set(installed.map(({ id }) => id));
  const workers = offers.map((offer) => describeOffer(offer, here.has(offer.entry.id)));
  return { workers, notes: problems };
}

export async function workerListInstalled(hive: Hive): Promise<Output<"worker_list_installed">> {
  return { workers: await hive.stores.versions(), notes: [] };
}

/** The entry with its recipe, without asking what is installed. */
export async function workerCatalogGet(
  hive: Hive,
  job: JobContext,
  { worker_id: id, offline }: Input<"worker_catalog_get">,
): Promise<Output<"worker_catalog_get">> {
  const offer = await findOffer(catalogsOf(hive, { offline }), id, job.signal);
  const installed = await hive.stores.find(id);
  const { recipe: _, ...recipe } = await readOffer(hive, offer, job.signal);
  const catalog = describeOffer(offer, installed.length > 0);
  return { id, found_in: "catalog", installed, catalog, recipe: { ...recipe, files: [...recipe.files] } };
}

/** Installed or only offered: it says which. A catalog that cannot be asked does not hide what is installed. */
export async function workerInstalledGet(
  hive: Hive,
  job: JobContext,
  { worker_id: ref }: Input<"worker_installed_get">,
): Promise<Output<"worker_installed_get">> {
  const installed = await hive.stores.find(ref);
  const id = ref.split("@")[0]!;
  if (installed.length === 0 && id !== ref) throw fail("WORKER_NOT_INSTALLED", { id: ref });
  try {
    const offered = await workerCatalogGet(hive, job, { worker_id: id });
    return { ...offered, installed, found_in: installed.length > 0 ? "installed" : "catalog" };
  } catch (error) {
    if (installed.length === 0 || !(error instanceof RbeeError)) throw error;
    job.note(error.message, "warn");
    return { id, found_in: "installed", installed };
  }
}

function describeOffer({ entry, catalog }: Offer, installed: boolean): Output<"worker_catalog_list">["workers"][number] {
  const hides = catalog.origin !== BUILT_IN && isBuiltIn(entry.id);
  return { ...entry, origin: catalog.origin, installed, unfit: reasonsAgainst(entry), hides_builtin: hides };
}
