// Builds the recipe of a directory from its sources to packages, with no hive: rbee pkgbuild build.
import { cpSync, existsSync, mkdirSync, realpathSync } from "node:fs";
import { basename, join } from "node:path";
import { fail } from "../errors.ts";
import { digestOf, hashFile } from "../hash.ts";
import { tryLock } from "../lock.ts";
import { checkDependencies, requireDependencies } from "../machine/dependencies.ts";
import { containedPath, type Env, type Paths } from "../paths.ts";
import { ProcessTree } from "../process-group.ts";
import type { OutputStream } from "../shell.ts";
import { moveTree, removeTree } from "../tree.ts";
import { writeArchive } from "./archive/index.ts";
import { lintPackage } from "./lint/package.ts";
import type { Problem } from "./lint/problem.ts";
import { refuseAsMakepkg } from "./lint.ts";
import { readRecipe } from "./read.ts";
import type { Recipe } from "./recipe.ts";
import { runBuild, runPackages } from "./run/index.ts";
import type { BuiltPackage } from "./run/report.ts";
import { readBuildSettings } from "./run/settings.ts";
import { parseSource } from "./source.ts";
import { ownFilesOf } from "./sources/context.ts";
import { fetchSources } from "./sources/index.ts";
import { isReachable, openWorkshop, removeWorkshop, type Workshop, workshopRoot } from "./workshop/index.ts";

export interface BuildOptions {
  /** Where the PKGBUILD lies. */
  readonly directory: string;
  /** Where packages go: archives, or a tree for each package. */
  readonly output: string;
  readonly archive: boolean;
  /** False closes the network once the sources are fetched. */
  readonly network: boolean;
  readonly paths: Paths;
  readonly env: Env;
  readonly rbeeBinary: string;
  readonly onOutput: (stream: OutputStream, bytes: Uint8Array) => void;
  readonly onNote: (message: string) => void;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Returns the path of every package, in the recipe's order. Nothing is left but those and the cache of sources.
 * @throws what reading, fetching, building and packaging throw; BUILD_BUSY when the same directory is being built already.
 */
export async function buildDirectory(options: BuildOptions): Promise<string[]> {
  const startDir = realDirectory(options.directory);
  const root = buildRoot(startDir, options);
  using _lock = tryLock(join(options.paths.cache, "pkgbuild", `${basename(root)}.lock`)) ?? throwBusy(startDir);
  sourceDateEpoch(options.env);
  const recipe = await readRecipe(join(startDir, "PKGBUILD"), options.signal ? { signal: options.signal } : {});
  refuseAsMakepkg(recipe);
  requireBuildable(recipe, options);
  removeTree(root);
  const place = isReachable(startDir) ? startDir : copyRecipe(recipe, startDir, join(root, "recipe"));
  await using tree = new ProcessTree({ signal: options.signal });
  using workshop = openWorkshop({ ...options, root, startDir: place });
  try {
    for (const note of workshop.notes) options.onNote(note);
    const packages = await makePackages(recipe, workshop, tree, options);
    await tree.end();
    return await handOver(packages, recipe, workshop, options);
  } finally {
    await tree.end();
    await removeWorkshop(root);
  }
}

/** The PKGBUILD and what it names, where the build's user can read it. */
function copyRecipe(recipe: Recipe, from: string, to: string): string {
  mkdirSync(to, { recursive: true });
  const local = recipe.source.filter((written) => parseSource(written).kind === "local");
  for (const name of ["PKGBUILD", "keys", ...local, recipe.install, recipe.changelog]) {
    if (name && existsSync(containedPath(from, name))) cpSync(join(from, name), join(to, name), { recursive: true });
  }
  return to;
}

/** The same directory is built at the same place, so that what a build writes about its place is the same each time. */
function buildRoot(startDir: string, { paths }: BuildOptions): string {
  const name = digestOf([startDir]).slice(0, 16);
  return join(workshopRoot(join(paths.cache, "pkgbuild"), "pkgbuild"), name);
}

function requireBuildable(recipe: Recipe, { env, onNote }: BuildOptions): void {
  if (!recipe.arch.includes("any") && !recipe.arch.includes(recipe.carch))
    throw fail("PLATFORM_UNSUPPORTED", { id: recipe.pkgbase, wanted: recipe.arch.join(", "), found: recipe.carch });
  const names = [...recipe.depends, ...recipe.makedepends, ...recipe.checkdepends].filter((name) => !/^bun([<>=:]|$)/.test(name));
  const report = checkDependencies(names, env.PATH ?? "");
  requireDependencies(recipe.pkgbase, report);
  if (report.unknown.length > 0) onNote(`Nobody here can tell whether these are installed: ${report.unknown.join(", ")}`);
}

async function makePackages(recipe: Recipe, workshop: Workshop, tree: ProcessTree, options: BuildOptions): Promise<BuiltPackage[]> {
  const { paths, env, signal, onNote } = options;
  const settings = readBuildSettings(paths.config, env);
  await fetchSources(recipe, {
    ...{ workshop, tree, env, onNote, signal, settings, mayReadFiles: true },
    ...{ cacheDir: join(paths.cache, "sources"), keyringDir: join(paths.data, "keyring") },
  });
  const about = { worker: recipe.pkgbase, job: "", onOutput: options.onOutput, signal };
  const run = { ...about, workshop, tree, settings, epoch: sourceDateEpoch(env) };
  await runBuild(recipe, run);
  return runPackages(recipe, run);
}

async function handOver(packages: readonly BuiltPackage[], recipe: Recipe, workshop: Workshop, options: BuildOptions): Promise<string[]> {
  const { output, paths, env, signal } = options;
  mkdirSync(output, { recursive: true });
  const settings = readBuildSettings(paths.config, env);
  const about = {
    ...{ settings, ownFiles: ownFilesOf({ workshop, env, settings }), epoch: sourceDateEpoch(env), carch: recipe.carch },
    ...{ startDir: workshop.startDir, buildDir: join(workshop.srcDir, ".."), recipeDigest: await hashFile(recipe.file) },
  };
  const made: string[] = [];
  for (const built of packages) await lint(built, workshop, options);
  for (const built of packages)
    made.push(options.archive ? await writeArchive(built, output, about, signal) : handOverTree(built, workshop, output));
  return made;
}

/** What makepkg looks at before it packs. @throws PACKAGE_INVALID with every error at once; warnings are notes. */
async function lint({ name, directory, fields }: BuiltPackage, { srcDir }: Workshop, { onNote, signal }: BuildOptions): Promise<void> {
  const backup = fields.get("backup") ?? [];
  const problems = await lintPackage({ pkgDir: directory, srcDir, backup, ...(signal ? { signal } : {}) });
  const words = ({ file, message }: Problem) => `${JSON.stringify(file)}: ${message}`;
  for (const each of problems.filter(({ severity }) => severity === "warning")) onNote(`${name}: ${words(each)}`);
  const errors = problems.filter(({ severity }) => severity === "error");
  if (errors.length > 0) throw fail("PACKAGE_INVALID", { id: name, reason: errors.map(words).join("; ") });
}

function handOverTree({ directory, name }: BuiltPackage, workshop: Workshop, output: string): string {
  const target = join(output, name);
  workshop.takeBack(directory);
  removeTree(target);
  moveTree(directory, target);
  return target;
}

/** SOURCE_DATE_EPOCH of the environment, else now. Source: reproducible-builds.org/specs/source-date-epoch. @throws INVALID_INPUT for what is no number. */
export function sourceDateEpoch(env: Env): number {
  if (!env.SOURCE_DATE_EPOCH) return Math.floor(Date.now() / 1000);
  const given = Number(env.SOURCE_DATE_EPOCH);
  if (/^\d+$/.test(env.SOURCE_DATE_EPOCH) && Number.isSafeInteger(given)) return given;
  throw fail("INVALID_INPUT", { field: "SOURCE_DATE_EPOCH", reason: `"${env.SOURCE_DATE_EPOCH}" is no number of seconds` });
}

function realDirectory(directory: string): string {
  if (!existsSync(join(directory, "PKGBUILD"))) throw fail("FILE_NOT_FOUND", { path: join(directory, "PKGBUILD") });
  return realpathSync(directory);
}

function throwBusy(directory: string): never {
  throw fail("BUILD_BUSY", { directory });
}
