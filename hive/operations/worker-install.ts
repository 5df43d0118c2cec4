// worker_install: from a catalog's entry to a worker that runs, in the 14 steps of the contract.
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { findOffer, type Offer } from "../../lib/catalog.ts";
import type { Input, Output } from "../../lib/contract/operations.ts";
import { checkDependencies, requireDependencies } from "../../lib/dependencies.ts";
import { fail } from "../../lib/errors.ts";
import { chooseInstallDir, isOnPath, type Place } from "../../lib/install-dir.ts";
import { LineSplitter } from "../../lib/lines.ts";
import { type BuildDirs, buildEnv, runFunctions } from "../../lib/pkgbuild/run.ts";
import { fetchSources } from "../../lib/pkgbuild/sources/index.ts";
import { checkPlatform } from "../../lib/platform.ts";
import { type EndStage, ProcessTree } from "../../lib/process-group.ts";
import { type OutputStream, shell } from "../../lib/shell.ts";
import { removeTree } from "../../lib/tree.ts";
import { BUILT_IN } from "../catalog/builtin.ts";
import type { Hive } from "../hive.ts";
import type { JobContext } from "../job.ts";
import { downloadRecipe, type FetchedRecipe, parseRecipe } from "../recipes.ts";
import { forgetLook } from "./hive-check.ts";

type Install = Output<"worker_install">;

export async function workerInstall(hive: Hive, job: JobContext, input: Input<"worker_install">): Promise<Install> {
  const dirs = buildDirs(hive, job.id);
  job.finally("Cleanup temp files", () => removeTree(dirs.root));

  const offer = await job.step("Fetch metadata", () => findOffer(hive.catalogs, input.worker_id, job.signal));
  await job.step("Check platform", () => checkPlatform(offer.entry));
  const text = await job.step("Download PKGBUILD", () => downloadRecipe(offer, dirs.startDir, job.signal));
  const fetched = await job.step("Parse PKGBUILD", () => parseRecipe(offer, dirs.startDir, text, job.signal));
  if (fetched.recipe.missing.length > 0) job.note(`The recipe was read without: ${fetched.recipe.missing.join(", ")}`, "warn");
  requireConfirmation(offer, fetched, input);
  await job.step("Check dependencies", () => checkTools(hive, job, offer, fetched, dirs));
  await job.step("Create temp directories", () => makeDirectories(dirs));
  const place = await job.step("Preflight check", () => preflight(hive, job, offer, input));

  const present = await findInstalled(hive, place, offer, fetched);
  if (present && !input.force) return skipTheRest(hive, job, present);

  await using tree = new ProcessTree({ owner: hive.id, means: hive.means, signal: job.signal, onStage: (stage) => tellStage(job, stage) });
  const env = buildEnv(hive.env, dirs, {
    toolsDir: dirs.toolsDir,
    extra: { RBEE_BIN: hive.rbeeBinary, BUN_INSTALL_CACHE_DIR: join(hive.paths.cache, "bun") },
  });
  const output = logTo(job);
  const run = { dirs, tree, env, worker: offer.entry.id, job: job.id, signal: job.signal, onOutput: output.push };

  await job.step("Fetch sources", () =>
    fetchSources(fetched.recipe, {
      ...dirs,
      cacheDir: join(hive.paths.cache, "sources"),
      signal: job.signal,
      onProgress: job.progress,
      onNote: (message) => job.log("stdout", [message]),
      shell: (more) => shell({ tree, cwd: dirs.srcDir, env: { ...env, ...more } }),
    }),
  );
  await job.step("Build", () => output.around(runFunctions(["prepare", "build", "check"], fetched.recipe.functions, run)));
  await job.step("Package", () => output.around(runFunctions(["package"], packageFunction(fetched), run)));
  await tree.end();

  const store = hive.stores.at(place.prefix);
  const inUse = (path: string) => hive.supervisor.usesTree(path);
  const worker = await job.step("Install binary", () =>
    store.place({ entry: offer.entry, digest: fetched.digest, origin: offer.catalog.origin, pkgDir: dirs.pkgDir }, { signal: job.signal }),
  );
  await job.step("Add to worker catalog", async () => {
    try {
      job.commit();
      await hive.stores.remember(place.prefix);
      await store.record(worker, inUse);
    } catch (error) {
      await store.takeBack(offer.entry, inUse);
      throw error;
    }
  });
  await job.step("Update capabilities", forgetLook);
  job.note(`✓ Binary installed to: ${worker.binary}`);
  return { worker, already_installed: false, on_path: isOnPath(place.bin, hive.env.PATH ?? "") };
}

interface Dirs extends BuildDirs {
  readonly root: string;
  readonly toolsDir: string;
}

/** Two installs of one worker share nothing: the job's id names the directory. */
function buildDirs(hive: Hive, jobId: string): Dirs {
  const root = join(buildRoot(hive.paths.cache), jobId);
  const at = (name: string) => join(root, name);
  return { root, startDir: at("recipe"), srcDir: at("src"), pkgDir: at("pkg"), tmpDir: at("tmp"), toolsDir: at("tools") };
}

/** Where builds happen; whatever lies here with no running job is a crash's. */
export function buildRoot(cache: string): string {
  return join(cache, "build");
}

/** A recipe that is not built in is somebody's code: it wants the digest that a person confirmed. */
function requireConfirmation({ entry, catalog }: Offer, { digest }: FetchedRecipe, input: Input<"worker_install">): void {
  if (catalog.origin === BUILT_IN && input.recipe_digest === undefined) return;
  if (input.recipe_digest === undefined)
    throw fail("CONFIRMATION_NEEDED", { what: entry.id, origin: catalog.origin }, { data: { digest } });
  if (input.recipe_digest !== digest) throw fail("RECIPE_CHANGED", { id: entry.id, found: digest }, { data: { digest } });
}

/** Looks at entry and recipe together, with the tools that rbee itself puts on PATH. */
function checkTools(hive: Hive, job: JobContext, { entry }: Offer, { recipe }: FetchedRecipe, dirs: Dirs): void {
  writeTools(hive, dirs);
  const names = [...entry.depends, ...entry.makedepends, ...recipe.depends, ...recipe.makedepends, ...recipe.checkdepends];
  const report = checkDependencies(names, `${dirs.toolsDir}:${hive.env.PATH ?? ""}`);
  requireDependencies(entry.id, report);
  if (report.unknown.length > 0) job.note(`Nobody here can tell whether these are installed: ${report.unknown.join(", ")}`, "warn");
}

/** A compiled rbee started with BUN_BE_BUN=1 is a whole `bun`: recipes find it on PATH like any other tool. */
function writeTools({ rbeeBinary }: Hive, { toolsDir }: Dirs): void {
  const shim = join(toolsDir, "bun");
  mkdirSync(toolsDir, { recursive: true });
  writeFileSync(shim, `#!/bin/sh\nBUN_BE_BUN=1 exec '${rbeeBinary.replaceAll("'", "'\\''")}' "$@"\n`);
  chmodSync(shim, 0o755);
}

function makeDirectories(dirs: Dirs): void {
  for (const directory of [dirs.srcDir, dirs.pkgDir, dirs.tmpDir]) mkdirSync(directory, { recursive: true });
}

/** Everything that could refuse the result is asked before anything is fetched or built. */
function preflight(hive: Hive, job: JobContext, { entry }: Offer, input: Input<"worker_install">): Place {
  job.note("🔍 Checking installation permissions...");
  const place = chooseInstallDir(hive.paths, input);
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

/** The package function of a recipe with one package: `package` or, as PKGBUILD(5) allows, `package_NAME`. */
function packageFunction({ recipe }: FetchedRecipe): string[] {
  if (!recipe.functions.includes("package")) throw fail("RECIPE_REFUSED", { file: "PKGBUILD", reason: "it has no package() function" });
  return ["package"];
}

/** Both streams as lines of the job's log, in equal rank; `around` hands on what is left when a function has ended. */
function logTo(job: JobContext) {
  const splitters = {
    stdout: new LineSplitter((lines) => job.log("stdout", lines)),
    stderr: new LineSplitter((lines) => job.log("stderr", lines)),
  };
  return {
    push: (stream: OutputStream, bytes: Uint8Array) => splitters[stream].push(bytes),
    around: async (work: Promise<void>) => {
      try {
        await work;
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
