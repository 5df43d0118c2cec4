// The workshop of one build: directories, a user, a home, walls. Everything that a recipe runs, runs in here.
import {
  accessSync,
  chmodSync,
  constants,
  copyFileSync,
  existsSync,
  lchownSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname, join, relative } from "node:path";
import { fail } from "../../errors.ts";
import { type Env, isInside } from "../../paths.ts";
import { canCloseNetwork, sandboxCommand, walls } from "../../sandbox/index.ts";
import { parentsOf } from "../../sandbox/view.ts";
import { clearTree, removeTree, walkAll } from "../../tree.ts";
import { buildEnv } from "./environment.ts";
import { makeHome } from "./home.ts";
import { type BuildUser, claimBuildUser } from "./user.ts";

export interface WorkshopDirs {
  /** Holds all the others but `startDir`; see {@link workshopRoot}. */
  readonly root: string;
  /** Where the PKGBUILD and its local files lie. */
  readonly startDir: string;
}

export interface WorkshopOptions extends WorkshopDirs {
  readonly env: Env;
  /** rbee itself: a compiled one started with BUN_BE_BUN=1 is a whole `bun`, which recipes find on PATH. */
  readonly rbeeBinary: string;
  /** False: nothing that the recipe runs reaches a network. Sources are fetched from outside the walls. */
  readonly network: boolean;
}

export interface Workshop extends Disposable {
  readonly startDir: string;
  readonly srcDir: string;
  /** One directory for each package in here. */
  readonly pkgBase: string;
  readonly tmpDir: string;
  /** Where the build's shell writes down for us what it found. */
  readonly reportsDir: string;
  /** Scripts of ours and the shim for `bun`; the build reads them only. */
  readonly toolsDir: string;
  readonly env: Readonly<Record<string, string>>;
  /** What the job's notes should tell: which walls are missing. */
  readonly notes: readonly string[];
  /** `argv` behind the walls, as the build's user. */
  command(argv: readonly string[], how?: Inside): string[];
  /** Hands what we wrote below `path` to the build's user. */
  give(path: string): void;
  /**
   * Takes what the build wrote below `path`: it belongs to us and nobody else from then on. @throws PACKAGE_INVALID for what is neither
   * file, link nor directory, and for a file with another user's rights: that it would become ours is what such a file waits for.
   */
  take(path: string, worker: string): void;
  /** The same for whoever asked for the build, who gets whatever it made; rights of another user are lost on the way (chown(2)). */
  takeBack(path: string): void;
}

export interface Inside {
  /** The command takes itself for root. */
  readonly seesRoot?: boolean;
  /** False closes the network for this command. */
  readonly network?: boolean;
  /** Leaves the network open where it cannot be closed, for commands that have no use for one. */
  readonly orOpen?: boolean;
}

const directory = (root: string, name: string) => join(root, name);

/** Where builds happen that another user must reach without walls. Only root writes here, so that nobody can lay a snare. */
const SPARE = "/var/lib/rbee";

/** The places that {@link workshopRoot} chooses between. */
export function workshopRoots(wanted: string, name: string): readonly [string, string] {
  return [wanted, join(SPARE, name)];
}

/** Where builds of a machine can happen: in `wanted`, except when another user builds without walls and could not get there. */
export function workshopRoot(wanted: string, name: string): string {
  const [first, spare] = workshopRoots(wanted, name);
  const barrier = barrierTo(first);
  if (barrier === undefined) return first;
  if (canMake(spare)) return spare;
  const reason = `it cannot get through ${barrier}, and ${SPARE} cannot be written`;
  throw fail("BUILD_USER", { reason }, { hint: `Let others pass (chmod o+x '${barrier}'), or run rbee as an ordinary user` });
}

function canMake(directory: string): boolean {
  try {
    mkdirSync(directory, { recursive: true });
    accessSync(directory, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

/** Removes a workshop's directories, and the spare place with the last of them. */
export async function removeWorkshop(root: string): Promise<void> {
  await clearTree(root);
  for (let path = dirname(root); isInside("/var/lib", path); path = dirname(path)) {
    if (!isEmpty(path)) return;
    removeTree(path);
  }
}

function isEmpty(path: string): boolean {
  return existsSync(path) && readdirSync(path).length === 0;
}

/** False when the build's user could not walk to `path`. Walls show it whatever its parents say; without walls rights decide. */
export function isReachable(path: string): boolean {
  return barrierTo(path) === undefined;
}

/** The first directory on the way that others may not pass. */
function barrierTo(path: string): string | undefined {
  if (process.getuid?.() !== 0 || walls().room !== "plain") return undefined;
  return [...parentsOf(path), path].find((each) => existsSync(each) && (statSync(each).mode & 0o001) === 0);
}

/** Makes the directories, claims the user and puts up the walls. @throws BUILD_USER, WALL_MISSING; nothing is left claimed then. */
export function openWorkshop(options: WorkshopOptions): Workshop {
  const user = claimBuildUser(options.env);
  try {
    return furnish(options, user);
  } catch (error) {
    user?.[Symbol.dispose]();
    throw error;
  }
}

function furnish({ root, startDir, env, rbeeBinary, network }: WorkshopOptions, user: BuildUser | undefined): Workshop {
  const [srcDir, pkgBase, tmpDir, reportsDir, homeDir, toolsDir] = ["src", "pkg", "tmp", "reports", "home", "tools"].map((name) =>
    directory(root, name),
  ) as [string, string, string, string, string, string];
  mkdirSync(root, { recursive: true, mode: 0o755 });
  if (user) openWay(root);
  for (const path of [srcDir, pkgBase, tmpDir, reportsDir, homeDir, toolsDir]) mkdirSync(path, { recursive: true, mode: 0o755 });
  const home = makeHome(homeDir, env);
  const program = writeTools(toolsDir, rbeeBinary, user);
  const give = (path: string) => user && own(path, user.uid);
  for (const path of [srcDir, pkgBase, tmpDir, reportsDir, homeDir]) give(path);
  const isOurCopy = isInside(root, startDir);
  if (isOurCopy) give(startDir);
  const buildEnvironment = buildEnv(env, {
    ...{ toolsDir, tmpDir, home },
    userName: user?.name ?? env.USER ?? "rbee",
    extra: { RBEE_BIN: program, BUN_INSTALL_CACHE_DIR: join(tmpDir, "bun-cache") },
  });
  const view = {
    writable: [srcDir, pkgBase, tmpDir, reportsDir, homeDir, ...(isOurCopy ? [startDir] : [])],
    readable: [toolsDir, program, ...(isOurCopy ? [] : [startDir])],
    env: buildEnvironment,
    uid: user?.uid,
  };
  const command: Workshop["command"] = (argv, { seesRoot = false, network: wanted = network, orOpen = false } = {}) =>
    sandboxCommand(argv, { ...view, seesRoot, network: wanted || (orOpen && !canCloseNetwork()) });
  command(["true"]);
  return {
    ...{ startDir, srcDir, pkgBase, tmpDir, reportsDir, toolsDir, env: buildEnvironment, command, give },
    notes: missingWalls(),
    take: (path, worker) => {
      refuseTraps(path, worker);
      if (user) own(path, 0);
    },
    takeBack: (path) => user && own(path, 0),
    [Symbol.dispose]: () => user?.[Symbol.dispose](),
  };
}

function missingWalls(): string[] {
  const { room, missing } = walls();
  return missing.length === 0 ? [] : [`The build runs with fewer walls (${room}); this machine has no ${missing.join(", no ")}`];
}

/** The user of the build must be able to walk to its directories; what lies beside them keeps its own rights. */
function openWay(root: string): void {
  chmodSync(root, 0o755);
}

function refuseTraps(path: string, worker: string): void {
  for (const below of walkAll(path)) {
    const info = lstatSync(below);
    const isPlain = info.isFile() || info.isDirectory() || info.isSymbolicLink();
    const reason = !isPlain ? "is no file, link or directory" : info.isFile() && (info.mode & 0o6000) !== 0 ? "is setuid or setgid" : "";
    if (reason) throw fail("PACKAGE_INVALID", { id: worker, reason: `${relative(path, below)} ${reason}` });
  }
}

/** Gives everything below `path` to one user, links themselves and not what they point to. */
function own(path: string, uid: number): void {
  const top = lstatSync(path, { throwIfNoEntry: false });
  if (!top) return;
  lchownSync(path, uid, uid);
  if (top.isDirectory()) for (const below of walkAll(path)) lchownSync(below, uid, uid);
}

/** Returns the program that the build uses as rbee: ourselves, or a copy where another user could not reach us without walls. */
function writeTools(toolsDir: string, rbeeBinary: string, user: BuildUser | undefined): string {
  const isHidden = user && !isReachable(rbeeBinary);
  const program = isHidden ? join(toolsDir, "rbee") : rbeeBinary;
  if (isHidden) copyFileSync(rbeeBinary, program);
  const shim = join(toolsDir, "bun");
  writeFileSync(shim, `#!/bin/sh\nBUN_BE_BUN=1 exec '${program.replaceAll("'", "'\\''")}' "$@"\n`);
  chmodSync(shim, 0o755);
  return program;
}
