// The three steps that make a worker's files from its recipe: taken from what was built before, or fetched, built and packaged.
import { join } from "node:path";
import { BuildCache } from "../../lib/build-cache.ts";
import { buildKey, isRepeatable } from "../../lib/build-key.ts";
import type { Offer } from "../../lib/catalog.ts";
import { settingsFrom } from "../../lib/config.ts";
import { fail, RbeeError } from "../../lib/errors.ts";
import { LineSplitter } from "../../lib/lines.ts";
import { thisMachine } from "../../lib/machine/kind.ts";
import { sourceDateEpoch } from "../../lib/pkgbuild/build.ts";
import { runBuild, runPackages } from "../../lib/pkgbuild/run/index.ts";
import type { BuiltPackage } from "../../lib/pkgbuild/run/report.ts";
import { type BuildSettings, readBuildSettings } from "../../lib/pkgbuild/run/settings.ts";
import { fetchSources } from "../../lib/pkgbuild/sources/index.ts";
import type { Workshop } from "../../lib/pkgbuild/workshop/index.ts";
import { type EndStage, ProcessTree } from "../../lib/process-group.ts";
import type { OutputStream } from "../../lib/shell.ts";
import { arrangePackage } from "../../lib/store/trees.ts";
import { formatTime } from "../../lib/units.ts";
import type { Hive } from "../hive.ts";
import type { JobContext } from "../job.ts";
import { type FetchedRecipe, needsOf } from "../recipes.ts";

export interface BuildAbout {
  readonly offer: Offer;
  readonly fetched: FetchedRecipe;
  readonly shop: Workshop;
  /** Sources are in the cache or the build fails. */
  readonly isOffline: boolean;
  /** The build sees no network. */
  readonly isClosed: boolean;
  /** Nothing is taken from the cache. */
  readonly anew: boolean;
  /** Where the files are wanted, laid out as a tree. */
  readonly into: string;
}

/** Where built workers are kept. */
function buildCacheOf({ paths, env }: Pick<Hive, "paths" | "env">): BuildCache {
  return new BuildCache(join(paths.cache, "built"), settingsFrom(paths, env).build_cache);
}

/** @throws SOURCE_UNAVAILABLE, CHECKSUM_MISMATCH, BUILD_FAILED, PACKAGE_INVALID and what else a build can end with. */
export async function makeFiles(hive: Hive, job: JobContext, about: BuildAbout): Promise<void> {
  const settings = readBuildSettings(hive.paths.config, hive.env);
  const cache = buildCacheOf(hive);
  const key = cache.limitBytes === 0 ? undefined : keyOf(hive, about, settings);
  if (key && !about.anew && (await takeBuilt(job, cache, key, about.into))) return;
  await build(hive, job, settings, about, async () => {
    if (key) await keep(job, cache, key, about);
  });
}

function keyOf(hive: Hive, { offer, fetched, isClosed }: BuildAbout, settings: BuildSettings): string | undefined {
  if (!isRepeatable(fetched.recipe)) return undefined;
  const needs = needsOf(offer.entry, fetched.recipe);
  return buildKey({ recipeDigest: fetched.digest, settings, machine: thisMachine(), isClosed, env: hive.env, needs });
}

async function takeBuilt(job: JobContext, cache: BuildCache, key: string, into: string): Promise<boolean> {
  const onDamage = (message: string) => job.note(`What was built before cannot be used: ${message}`, "warn");
  const bundle = await cache.take(key, into, { signal: job.signal, onDamage });
  if (!bundle) return false;
  for (const step of ["Fetch sources", "Build", "Package"]) job.skip(step);
  job.note(`Taken from the build cache, where it is since ${formatTime(bundle.manifest.built_at)} (--force builds it anew)`);
  return true;
}

/** A cache that cannot be written is no reason to fail. */
async function keep(job: JobContext, cache: BuildCache, key: string, { offer, fetched, into }: BuildAbout): Promise<void> {
  const { entry, catalog } = offer;
  const about = { entry, digest: fetched.digest, origin: catalog.origin, built_on: thisMachine(), built_at: Date.now() };
  try {
    await cache.put(key, { ...about, root: into }, job.signal);
  } catch (error) {
    job.signal.throwIfAborted();
    job.note(`It could not be kept in the build cache: ${error instanceof RbeeError ? error.message : String(error)}`, "warn");
  }
}

async function build(hive: Hive, job: JobContext, settings: BuildSettings, about: BuildAbout, onBuilt: () => Promise<void>): Promise<void> {
  const { offer, fetched, shop, into } = about;
  await using tree = new ProcessTree({ owner: hive.id, means: hive.means, signal: job.signal, onStage: (stage) => tellStage(job, stage) });
  const output = logTo(job);
  const run = {
    ...{ worker: offer.entry.id, job: job.id, signal: job.signal, onOutput: output.push },
    ...{ workshop: shop, tree, settings, epoch: sourceDateEpoch(hive.env) },
  };
  await job.step("Fetch sources", () =>
    fetchSources(fetched.recipe, {
      workshop: shop,
      tree,
      env: hive.env,
      cacheDir: join(hive.paths.cache, "sources"),
      keyringDir: join(hive.paths.data, "keyring"),
      settings,
      mayReadFiles: !offer.catalog.isRemote,
      isOffline: about.isOffline,
      signal: job.signal,
      onProgress: job.progress,
      onNote: (message) => job.log("stdout", [message]),
    }),
  );
  await job.step("Build", () => output.around(runBuild(fetched.recipe, run)));
  await job.step("Package", async () => {
    const packages = await output.around(runPackages(fetched.recipe, run));
    await tree.end();
    const { directory } = packageOf(offer, packages);
    shop.take(directory, offer.entry.id);
    arrangePackage(directory, into);
    await onBuilt();
  });
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
