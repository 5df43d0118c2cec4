// Runs the functions of a recipe as makepkg does: same order, directories, variables and shell options, behind the workshop's walls.
// Source: makepkg(8); run_function_safe, update_pkgver, run_split_packaging in makepkg; libmakepkg/buildenv, libmakepkg/tidy.
import { statfsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fail } from "../../errors.ts";
import type { ProcessTree } from "../../process-group.ts";
import { walls } from "../../sandbox/index.ts";
import { describeExit, type OutputStream, shell } from "../../shell.ts";
import { quote } from "../sourced/script.ts";
import type { Workshop } from "../workshop/index.ts";
import functions from "./functions.sh" with { type: "text" };
import main from "./main.sh" with { type: "text" };
import { checkOptions, isOn } from "./options.ts";
import { type BuiltPackage, readPackage, readWord } from "./report.ts";
import type { BuildSettings } from "./settings.ts";
import tidy from "./tidy.sh" with { type: "text" };

/** What is built: the part of a recipe that its functions need. */
interface Buildable {
  readonly pkgbase: string;
  readonly pkgname: readonly string[];
  readonly functions: readonly string[];
  readonly options: readonly string[];
}

export interface RunOptions {
  readonly workshop: Workshop;
  readonly settings: BuildSettings;
  readonly tree: ProcessTree;
  /** Seconds since 1970: SOURCE_DATE_EPOCH of the build and the time of every file in the package. */
  readonly epoch: number;
  readonly onOutput: (stream: OutputStream, bytes: Uint8Array) => void;
  /** For messages. */
  readonly worker: string;
  /** Empty without a hive: then there is no log to look into. */
  readonly job: string;
  readonly signal?: AbortSignal | undefined;
}

/**
 * prepare(), pkgver(), build() and check(), those that the recipe has, in one shell as makepkg.
 * @throws RECIPE_REFUSED for options that rbee does not do, BUILD_FAILED saying which function ended how; the signal's reason when it fires.
 */
export async function runBuild(recipe: Buildable, options: RunOptions): Promise<void> {
  checkOptions(recipe.options, options.settings.options);
  if (["prepare", "pkgver", "build", "check"].some((name) => recipe.functions.includes(name))) await run("build", recipe, options);
}

/**
 * package() or every package_NAME(), each followed by what options=() asks for, as a user who takes itself for root.
 * Returns what each package is, with what its function set. @throws BUILD_FAILED as {@link runBuild}.
 */
export async function runPackages(recipe: Buildable, options: RunOptions): Promise<BuiltPackage[]> {
  await run("package", recipe, options);
  const { pkgBase, reportsDir } = options.workshop;
  return recipe.pkgname.map((name) => readPackage(name, join(pkgBase, name), join(reportsDir, `package-${name}`)));
}

async function run(phase: "build" | "package", recipe: Buildable, options: RunOptions): Promise<void> {
  const { workshop, tree, onOutput, settings } = options;
  const script = join(workshop.toolsDir, `${phase}.sh`);
  writeFileSync(script, `${variables(recipe, options)}\n${functions}\n${tidy}\n${main}`);
  const command = workshop.command([...burden(settings), "bash", "--noprofile", "--norc", script, phase], {
    seesRoot: phase === "package",
  });
  const $ = shell({ tree, cwd: workshop.srcDir, env: workshop.env, onOutput });
  try {
    await $`exec ${command} < /dev/null`;
    await wallsFallen(tree);
  } catch (error) {
    options.signal?.throwIfAborted();
    const how = describeExit(error);
    if (how === undefined) throw error;
    const name = readWord(join(workshop.reportsDir, "running")) ?? phase;
    if (isFull(workshop.srcDir)) throw fail("DISK_FULL", { path: workshop.srcDir }, { cause: error });
    throw fail(
      "BUILD_FAILED",
      { function: name, worker: options.worker, how, job: options.job },
      { cause: error, ...(options.job ? {} : { hint: "" }) },
    );
  }
}

/** What is behind walls ends with its command; the kernel takes a moment for it, and nobody should be told of a killing then. */
async function wallsFallen(tree: ProcessTree): Promise<void> {
  if (walls().room === "plain") return;
  const deadline = performance.now() + 200;
  while (tree.members().length > 0 && performance.now() < deadline) await Bun.sleep(2);
}

/** Less than this free means that a build failed for want of space, whatever it said. Bytes. */
const FULL_BYTES = 65_536;

function isFull(directory: string): boolean {
  const { bavail, bsize } = statfsSync(directory);
  return bavail * bsize < FULL_BYTES;
}

/** Niceness and limits of the machine's settings, see nice(1) and prlimit(1). */
function burden({ nice, memory_bytes }: BuildSettings): string[] {
  return [...(nice > 0 ? ["nice", "-n", String(nice)] : []), ...(memory_bytes > 0 ? ["prlimit", `--as=${memory_bytes}`, "--"] : [])];
}

/** Shell variables, not exported: what makepkg exports, the script exports where makepkg does. */
function variables(recipe: Buildable, { workshop, settings, epoch }: RunOptions): string {
  const { startDir, srcDir, pkgBase, reportsDir } = workshop;
  const machine = process.arch === "arm64" ? "aarch64" : "x86_64";
  const words = {
    ...{ startdir: startDir, srcdir: srcDir, pkgdirbase: pkgBase, pkgdir: join(pkgBase, recipe.pkgbase), BUILDDIR: join(pkgBase, "..") },
    ...{ BUILDFILE: join(startDir, "PKGBUILD"), BUILDSCRIPT: "PKGBUILD", SOURCE_DATE_EPOCH: String(epoch), PACKAGER: settings.packager },
    ...{ CARCH: machine, CHOST: `${machine}-pc-linux-gnu`, MAKEFLAGS: settings.makeflags, CPPFLAGS: settings.cppflags },
    ...{ CFLAGS: settings.cflags, CXXFLAGS: settings.cxxflags, LDFLAGS: settings.ldflags, RUSTFLAGS: settings.rustflags },
    ...{ LTOFLAGS: settings.ltoflags, DEBUG_CFLAGS: settings.debug_cflags },
    ...{ __rbee_reports: reportsDir, __rbee_check: isOn(settings.buildenv, "check") ? "1" : "0" },
  };
  const lists = { OPTIONS: settings.options, BUILDENV: settings.buildenv };
  return [
    // A flag that the machine does not set is no variable at all, as one that makepkg.conf leaves out.
    ...Object.entries(words)
      .filter(([, value]) => value !== "")
      .map(([name, value]) => `${name}=${quote(value)}`),
    ...Object.entries(lists).map(([name, values]) => `${name}=(${values.map(quote).join(" ")})`),
  ].join("\n");
}
