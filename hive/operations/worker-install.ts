// worker_install: from a catalog's entry to a worker that runs, in the 14 steps of the contract.
import { join } from "node:path";
import { findOffer, type Offer } from "../../lib/catalog.ts";
import type { Input, Output } from "../../lib/contract/operations.ts";
import { checkDependencies, requireDependencies } from "../../lib/dependencies.ts";
import { fail } from "../../lib/errors.ts";
import { checkPrefix } from "../../lib/handover.ts";
import { chooseInstallDir, isOnPath, type Place } from "../../lib/install-dir.ts";
import { LineSplitter } from "../../lib/lines.ts";
import { sourceDateEpoch } from "../../lib/pkgbuild/build.ts";
import { runBuild, runPackages } from "../../lib/pkgbuild/run/index.ts";
import type { BuiltPackage } from "../../lib/pkgbuild/run/report.ts";
import { readBuildSettings } from "../../lib/pkgbuild/run/settings.ts";
import { fetchSources } from "../../lib/pkgbuild/sources/index.ts";
import { openWorkshop, removeWorkshop, type Workshop, workshopRoot, workshopRoots } from "../../lib/pkgbuild/workshop/index.ts";
import { checkPlatform } from "../../lib/platform.ts";
import { type EndStage, ProcessTree } from "../../lib/process-group.ts";
import type { OutputStream } from "../../lib/shell.ts";
import { BUILT_IN } from "../catalog/builtin.ts";
import { hasPkexec } from "../elevation.ts";
import { catalogsOf, type Hive } from "../hive.ts";
import type { JobContext } from "../job.ts";
import { lockedWorker, requireWorkerAsLocked } from "../locked.ts";
import { downloadRecipe, type FetchedRecipe, needsOf, parseRecipe } from "../recipes.ts";
import { forgetLook } from "./hive-check.ts";
import { aloneHint, type Built, installForAll } from "./install-for-all.ts";

type Install = Output<"worker_install">;

export async function workerInstall(hive: Hive, job: JobContext, input: Input<"worker_install">): Promise<Install> {
  const dirs = buildDirs(hive, job.id);
  let workshop: Workshop | undefined;
  job.finally("Cleanup temp files", () => {
    removeWorkshop(dirs.root);
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
  if (present && !input.force) return skipTheRest(hive, job, present);

  await using tree = new ProcessTree({ owner: hive.id, means: hive.means, signal: job.signal, onStage: (stage) => tellStage(job, stage) });
  const output = logTo(job);
  const settings = readBuildSettings(hive.paths.config, hive.env);
  const about = { worker: offer.entry.id, job: job.id, signal: job.signal, onOutput: output.push };
  const run = { ...about, workshop: shop, tree, settings, epoch: sourceDateEpoch(hive.env) };

  await job.step("Fetch sources", () =>
    fetchSources(fetched.recipe, {
      workshop: shop,
      tree,
      env: hive.env,
      cacheDir: join(hive.paths.cache, "sources"),
      keyringDir: join(hive.paths.data, "keyring"),
      settings,
      mayReadFiles: !offer.catalog.isRemote,
      isOffline: input.offline,
      signal: job.signal,
      onProgress: job.progress,
      onNote: (message) => job.log("stdout", [message]),
    }),
  );
  await job.step("Build", () => output.around(runBuild(fetched.recipe, run)));
  const packages = await job.step("Package", () => output.around(runPackages(fetched.recipe, run)));
  await tree.end();
  const pkgDir = packageOf(offer, packages).directory;
  shop.take(pkgDir, offer.entry.id);

  const inUse = (path: string) => hive.supervisor.usesTree(path);
  const built: Built = { entry: offer.entry, digest: fetched.digest, origin: offer.catalog.origin, pkgDir };
  const {
    worker,
    place: target,
    isRecorded,
  } = await job.step("Install binary", () => putInPlace(hive, job, built, { place, root: dirs.root }));
  const store = hive.stores.at(target.prefix);
  await job.step("Add to worker catalog", async () => {
    if (isRecorded) return;
    try {
      job.commit();
      await hive.stores.remember(target.prefix);
      await store.record(worker, inUse);
    } catch (error) {
      await store.takeBack(offer.entry, inUse);
      throw error;
    }
  });
  await job.step("Update capabilities", forgetLook);
  job.note(`✓ Binary installed to: ${worker.binary}`);
  return { worker, already_installed: false, on_path: isOnPath(target.bin, hive.env.PATH ?? "") };
}

/** The tree and the link to it. Where somebody with more rights has done it, the entry is written too. */
async function putInPlace(hive: Hive, job: JobContext, built: Built, { place, root }: { place: Place; root: string }) {
  const put = async ({ prefix, bin }: Place, what: Built) => ({
    worker: await hive.stores.at(prefix).place(what, { signal: job.signal }),
    place: { prefix, bin },
    isRecorded: false,
  });
  if (!place.elevate) return put(place, built);
  const forAll = await installForAll(hive, job, built, { place, directory: join(root, "handover") });
  if ("worker" in forAll) return { worker: forAll.worker, place, isRecorded: true };
  job.note(`✓ Will install to: ${forAll.instead.bin}`);
  return put(forAll.instead, forAll.built);
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
  const workers = await hive.stores.at(place.prefix).list();
  return workers.find((worker) => worker.id === entry.id && worker.digest === digest);
}

function skipTheRest(hive: Hive, job: JobContext, worker: Install["worker"]): Install {
  for (const name of ["Fetch sources", "Build", "Package", "Install binary", "Add to worker catalog", "Update capabilities"])
    job.skip(name);
  job.note(`${worker.id} ${worker.version} is already installed (--force builds it again)`);
  return { worker, already_installed: true, on_path: isOnPath(join(worker.prefix, "bin"), hive.env.PATH ?? "") };
}

/** Of several packages the one with the worker's name, else the first. */
function packageOf({ entry }: Offer, packages: readonly BuiltPackage[]): BuiltPackage {
  const found = packages.find(({ name }) => name === entry.id) ?? packages.find(({ name }) => name === entry.binary_name) ?? packages[0];
  if (!found) throw fail("RECIPE_REFUSED", { file: "PKGBUILD", reason: "it makes no package" });
  return found;
}

/** Both streams as lines of the job's log, in equal rank; `around` hands on what is left when a function has ended. */
function logTo(job: JobContext) {
  const splitters = {
    stdout: new LineSplitter((lines) => job.log("stdout", lines)),
    stderr: new LineSplitter((lines) => job.log("stderr", lines)),
  };
  return {
    push: (stream: OutputStream, bytes: Uint8Array) => splitters[stream].push(bytes),
    around: async <Result>(work: Promise<Result>) => {
      try {
        return await work;
      } finally {
        splitters.stdout.end();
        splitters.stderr.end();
      }
    },
  };
}

function tellStage(job: JobContext, { stage, pgid }: EndStage): void {
  if (stage === "killing" && job.signal.aborted) job.note("==> Build cancelled, killing process group...");
  const words = {
    killing: `==> Killing process group PGID: ${pgid}`,
    sigterm: "==> SIGTERM sent to process group",
    sigkill: "==> SIGKILL sent to process group",
  } satisfies Record<EndStage["stage"], string>;
  job.note(words[stage]);
}
