// worker_install: from a catalog's entry to a worker that runs, in the 14 steps of the contract.
import { join } from "node:path";
import { findOffer, type Offer } from "../../lib/catalog.ts";
import type { Input, Output } from "../../lib/contract/operations.ts";
import { fail } from "../../lib/errors.ts";
import { checkPrefix } from "../../lib/handover.ts";
import { chooseInstallDir, isOnPath, type Place } from "../../lib/install-dir.ts";
import { checkDependencies, requireDependencies } from "../../lib/machine/dependencies.ts";
import { thisMachine } from "../../lib/machine/kind.ts";
import { checkPlatform } from "../../lib/machine/platform.ts";
import { openWorkshop, removeWorkshop, type Workshop, workshopRoot, workshopRoots } from "../../lib/pkgbuild/workshop/index.ts";
import { BUILT_IN } from "../catalog/builtin.ts";
import { hasPkexec } from "../elevation.ts";
import { catalogsOf, type Hive } from "../hive.ts";
import type { JobContext } from "../job.ts";
import { lockedWorker, requireWorkerAsLocked } from "../locked.ts";
import { downloadRecipe, type FetchedRecipe, needsOf, parseRecipe } from "../recipes.ts";
import { makeFiles } from "./build-steps.ts";
import { aloneHint } from "./install-for-all.ts";
import { putInPlace, takeInstalled } from "./put-in-place.ts";

type Install = Output<"worker_install">;

export async function workerInstall(hive: Hive, job: JobContext, input: Input<"worker_install">): Promise<Install> {
  const dirs = buildDirs(hive, job.id);
  let workshop: Workshop | undefined;
  job.finally("Cleanup temp files", async () => {
    await removeWorkshop(dirs.root);
    workshop?.[Symbol.dispose]();
  });

  const offer = await job.step("Fetch metadata", () => findOffer(catalogsOf(hive, input), input.worker_id, job.signal));
  await job.step("Check platform", () => checkPlatform(offer.entry));
  const text = await job.step("Download PKGBUILD", () => downloadRecipe(offer, dirs.startDir, job.signal));
  const fetched = await job.step("Parse PKGBUILD", () => parseRecipe(offer, dirs.startDir, text, job.signal));
  if (fetched.recipe.missing.length > 0) job.note(`The recipe was read without: ${fetched.recipe.missing.join(", ")}`, "warn");
  requireConfirmation(offer, fetched, input);
  if (input.locked) requireWorkerAsLocked(offer.entry.id, input.locked, lockedWorker(offer, fetched));
  await job.step("Check dependencies", () => checkTools(hive, job, offer, fetched));
  const shop = await job.step("Create temp directories", () => {
    workshop = openWorkshop({ ...dirs, env: hive.env, rbeeBinary: hive.rbeeBinary, network: !isClosed(offer, input) });
    return workshop;
  });
  for (const note of shop.notes) job.note(note);
  const place = await job.step("Preflight check", () => preflight(hive, job, offer, input));

  const present = await findInstalled(hive, place, offer, fetched);
  if (present && !input.force) return takeInstalled(hive, job, present, ["Fetch sources", "Build", "Package"]);
  await hive.stores.at(place.prefix).checkPin(offer.entry.id, fetched.digest);

  const files = join(dirs.root, "files");
  await makeFiles(hive, job, {
    offer,
    fetched,
    shop,
    isOffline: input.offline === true,
    isClosed: isClosed(offer, input),
    anew: input.force === true,
    into: files,
  });
  const made = { entry: offer.entry, digest: fetched.digest, origin: offer.catalog.origin, files, builtOn: thisMachine() };
  const worker = await putInPlace(hive, job, made, { place, skipProbe: input.skip_probe, scratch: dirs.root });
  return { worker, already_installed: false, on_path: isOnPath(join(worker.prefix, "bin"), hive.env.PATH ?? "") };
}

/** Two installs of one worker share nothing: the job's id names the directory. */
function buildDirs(hive: Hive, jobId: string): { readonly root: string; readonly startDir: string } {
  const root = join(workshopRoot(join(hive.paths.cache, "build"), `build-${hive.id}`), jobId);
  return { root, startDir: join(root, "recipe") };
}

/** Where builds happen, and where they do when their user could not get there; whatever lies here with no running job is a crash's. */
export function buildRoots({ paths, id }: Pick<Hive, "paths" | "id">): readonly string[] {
  return workshopRoots(join(paths.cache, "build"), `build-${id}`);
}

/** An entry may ask for a build without a network, and so may whoever installs it. */
function isClosed({ entry }: Offer, input: Input<"worker_install">): boolean {
  return input.offline_build === true || input.offline === true || entry.build.offline === true;
}

/** A recipe that is not built in is somebody's code: it wants the digest that a person confirmed. */
function requireConfirmation({ entry, catalog }: Offer, { digest }: FetchedRecipe, input: Input<"worker_install">): void {
  if (catalog.origin === BUILT_IN && input.recipe_digest === undefined) return;
  if (input.recipe_digest === undefined)
    throw fail("CONFIRMATION_NEEDED", { what: entry.id, origin: catalog.origin }, { data: { digest } });
  if (input.recipe_digest !== digest) throw fail("RECIPE_CHANGED", { id: entry.id, found: digest }, { data: { digest } });
}

/** Looks at entry and recipe together. */
function checkTools(hive: Hive, job: JobContext, { entry }: Offer, { recipe }: FetchedRecipe): void {
  const report = checkDependencies(needsOf(entry, recipe), hive.env.PATH ?? "");
  requireDependencies(entry.id, report);
  if (report.unknown.length > 0) job.note(`Nobody here can tell whether these are installed: ${report.unknown.join(", ")}`, "warn");
}

/** Everything that could refuse the result is asked before anything is fetched or built. */
function preflight(hive: Hive, job: JobContext, { entry }: Offer, input: Input<"worker_install">): Place {
  job.note("🔍 Checking installation permissions...");
  const place = chooseInstallDir(hive.paths, input);
  if (place.elevate === "pkexec" && !hasPkexec(hive.env.PATH))
    throw fail("ELEVATION_REFUSED", { reason: "pkexec is not here" }, { hint: aloneHint(entry.id) });
  if (place.elevate) checkPrefix(place.prefix);
  hive.stores.at(place.prefix).checkLink(entry.binary_name);
  if (place.note) job.note(place.note);
  job.note(`✓ Will install to: ${place.bin}`);
  return place;
}

async function findInstalled(hive: Hive, place: Place, { entry }: Offer, { digest }: FetchedRecipe) {
  const versions = await hive.stores.at(place.prefix).find(entry.id);
  return versions.find((worker) => worker.digest === digest);
}
