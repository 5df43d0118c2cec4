// The three ways to put walls around a program that this reader knows, from the best to none, each as the words in front of a command.

import { statSync } from "node:fs";
import { dirname } from "node:path";
import { homeOf } from "../../paths.ts";
import { barrierAbove, become } from "./user.ts";

export interface Place {
  /** The one directory that may be written to. */
  readonly scratch: string;
  /** The recipe, absolute and without links. */
  readonly recipe: string;
  /** Directory to show in the place of the recipe's own, which this reader may not see. */
  readonly lent: string | undefined;
  /** Who reads, where that is not us. */
  readonly uid: number | undefined;
}

export interface Walls {
  readonly command: readonly string[];
  /** What this machine cannot give, in words for people. */
  readonly missing: readonly string[];
  /** Whether the room shows its own processes only. */
  readonly ownProcesses: boolean;
}

export const limits = {
  seconds: 10,
  memoryBytes: 512 * 1024 * 1024,
  processes: 128,
  fileBytes: 16 * 1024 * 1024,
  printedBytes: 64 * 1024,
  /** All processes of a reading together: pages that they share count for each. */
  residentBytes: 1024 * 1024 * 1024,
  scratchBytes: 64 * 1024 * 1024,
} as const;

/** Processes of an ordinary user that are not in a namespace of their own: what else the user runs counts too (getrlimit(2)). */
const crowdedProcesses = 4096;

/** People's files, and the sockets through which daemons take orders. */
const privatePlaces = ["/home", "/root", "/run", "/tmp", "/var/tmp"];

/**
 * bubblewrap: everything read-only except `scratch`, which is memory, no home directories, no sockets, no network, own processes. As root it makes the
 * namespaces with root's rights and then becomes somebody else; otherwise in a user namespace, where since Linux 5.14 the limit on
 * processes counts the room's alone.
 */
function bubblewrap({ scratch, recipe, uid, lent }: Place): Walls {
  const directory = dirname(recipe);
  const wanted = [...privatePlaces, homeOf(), process.env.RBEE_HOME, ...(uid === undefined ? [] : [barrierAbove(directory)])];
  const places = [...new Set(wanted)].filter((path) => path !== undefined).filter(isDirectory);
  const hidden = places.filter((path) => !contains(directory, path));
  const shown = lent === undefined ? withNeighbours(directory, places) : directory;
  return {
    command: [
      ...["bwrap", "--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc"],
      ...hidden.sort().flatMap((path) => ["--tmpfs", path]),
      // Directories on the way that bubblewrap makes by itself would be its maker's alone.
      ...hidden.flatMap((path) => [...between(path, shown), ...between(path, scratch)]).flatMap((path) => ["--dir", path]),
      ...(shown === "/" ? [] : ["--ro-bind", lent ?? shown, shown]),
      ...[scratch, "/dev/shm"].flatMap((path) => ["--perms", "1777", ...sized(limits.scratchBytes), "--tmpfs", path]),
      // What is only hidden is no place to write to: its memory would be the machine's.
      ...hidden.flatMap((path) => ["--remount-ro", path]),
      ...["--cap-drop", "ALL", ...namespacesFor(uid), "--die-with-parent", "--new-session", "--"],
      ...rlimits(limits.processes),
      ...become(uid),
    ],
    missing: [...(hidden.length < places.length ? ["hidden home directories"] : []), ...(sized(1).length === 0 ? [UNLIMITED] : [])],
    ownProcesses: true,
  };
}

const UNLIMITED = "a limit on what it writes";
let knowsSize: boolean | undefined;

/** Words that limit the next tmpfs; bubblewrap before 0.7 has none. */
function sized(bytes: number): string[] {
  knowsSize ??= Bun.spawnSync(["bwrap", "--help"]).stdout.toString().includes("--size");
  return knowsSize ? ["--size", String(bytes)] : [];
}

/** The directory around the recipe's, since recipes of one tree source each other; but never a whole home. */
function withNeighbours(directory: string, places: readonly string[]): string {
  const around = dirname(directory);
  const isPrivate = dirname(around) === "/home" || places.some((path) => contains(around, path));
  return isPrivate ? directory : around;
}

/** The directories between one and what lies in it, from above. */
function between(outer: string, inner: string): string[] {
  const above = dirname(inner);
  return above === outer || !contains(outer, inner) ? [] : [...between(outer, above), above];
}

const namespacesFor = (uid: number | undefined) =>
  uid === undefined
    ? ["--unshare-all"]
    : ["--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts", "--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID"];

const isDirectory = (path: string) => statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;

const contains = (directory: string, path: string) =>
  path === directory || path.startsWith(directory.endsWith("/") ? directory : `${directory}/`);

/** unshare(1) alone: the network and the processes of others are gone, the files are not. */
function namespaces({ uid }: Place): Walls {
  const apart = ["--net", "--mount", "--ipc", "--pid", "--fork", "--kill-child=KILL", "--mount-proc", "--"];
  const user = uid === undefined ? ["--user", "--map-current-user"] : [];
  return {
    command: ["unshare", ...user, ...apart, ...rlimits(limits.processes), ...become(uid)],
    missing: ["a read-only view of the files", "hidden home directories", UNLIMITED],
    ownProcesses: true,
  };
}

function bare({ uid }: Place): Walls {
  return {
    command: [...rlimits(uid === undefined ? crowdedProcesses : limits.processes), ...become(uid)],
    missing: ["a network of its own", "a read-only view of the files", "hidden home directories", "processes of its own", UNLIMITED],
    ownProcesses: false,
  };
}

/** Memory, processes, file size, processor time and no core files for the command that follows (prlimit(1)); ulimit in bash is the same call. */
function rlimits(processes: number): string[] {
  if (Bun.which("prlimit") === null) return [];
  const { memoryBytes, fileBytes, seconds } = limits;
  return ["prlimit", `--as=${memoryBytes}`, `--nproc=${processes}`, `--fsize=${fileBytes}`, `--cpu=${seconds}`, "--core=0", "--"];
}

export const walls = { bubblewrap, namespaces, bare } as const;
