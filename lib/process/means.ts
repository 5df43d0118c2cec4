// By what means a machine holds a job's processes together, from the strongest to the weakest; the first that works here is chosen.
//
//   means           nothing leaves it because                          ends when the hive is killed because
//   pid namespace   a process cannot leave its namespace               the kernel signals the child of a dead parent (PR_SET_PDEATHSIG)
//   cgroup          leaving it wants write access to another cgroup    the guardian is signalled so, and ends the rest
//   guardian        orphans are adopted by it (PR_SET_CHILD_SUBREAPER)  as above
//   job object      (Windows) a process cannot leave its job           its last handle is closed (KILL_ON_JOB_CLOSE)
//   process group   session, descendants, a mark in the environment    the next start looks for the mark
//
// Whatever the means, the tree (process-group.ts) looks through the process table until nothing is left: a means makes that short and sure.
import { existsSync } from "node:fs";
import { makeCgroup, ownCgroup } from "./cgroup.ts";
import { GUARDIAN } from "./guardian.ts";
import { holdInJobObject } from "./windows-job.ts";

/** A command behind the programs that hold its processes together, and how to end them all at once. */
export interface Wrapped {
  readonly argv: readonly string[];
  /** Called with the leader as soon as it runs. */
  readonly hold?: (pid: number) => void;
  /** What the operating system itself counts as members, besides those that the process table shows. */
  readonly members?: () => number[];
  /** One call that kills all members. */
  readonly kill?: () => void;
  /** Gives back what the means needed; called when nothing lives any more. */
  readonly release?: () => void;
  /** The leader follows its children to the end, so it is signalled after them. */
  readonly leaderIsLast?: boolean;
}

export interface ProcessMeans {
  readonly name: "pid namespace" | "cgroup" | "guardian" | "job object" | "process group";
  /** For people: what ends the processes of a job on this machine. */
  readonly description: string;
  wrap(argv: readonly string[]): Wrapped;
}

/** The weakest means, which every Unix has. */
export const processGroup: ProcessMeans = {
  name: "process group",
  description: "process group, session, descendants and an environment mark",
  wrap: (argv) => ({ argv }),
};

/**
 * The strongest means that works here, or the one named `wanted`; `self` is the command that runs rbee. Trying takes some 20 ms, once.
 * @throws when the wanted means is not to be had.
 */
export function chooseMeans(self: readonly string[], wanted?: string): ProcessMeans {
  const asked = allMeans(self).filter(({ name }) => wanted === undefined || name === wanted);
  const found = asked.find(works);
  if (!found) throw new Error(`"${wanted}" cannot hold processes together on this machine`);
  return found;
}

/** The names of all means that work here, the strongest first. Trying takes some 100 ms. */
export function offeredMeans(self: readonly string[]): ProcessMeans["name"][] {
  const found = allMeans(self).filter(works);
  return [...new Set(found.map(({ name }) => name))];
}

function allMeans(self: readonly string[]): readonly ProcessMeans[] {
  return [namespaceOfRoot, namespaceOfUser, cgroupMeans(self), guardianMeans(self), jobObject, processGroup];
}

/**
 * Process 1 of the namespace. It reaps orphans, outlives a gentle end (a process 1 without a handler would ignore SIGTERM and so would a
 * `wait`), and ends as its child ends: the kernel then kills what is left. `set -m` keeps SIGINT from being ignored in the child, see bash(1).
 */
const INIT = `exec 9>&2 2>/dev/null; set -m; trap : TERM HUP INT
"$@" 2>&9 9>&- & child=$!
while :; do wait "$child"; code=$?; kill -0 "$child" || exit "$code"; done`;

function namespace(mapping: readonly string[], description: string): ProcessMeans {
  // By their whole names: a build has a PATH of its own.
  const setpriv = [Bun.which("setpriv") ?? "setpriv", "--pdeathsig", "KILL", "--"];
  const unshare = [Bun.which("unshare") ?? "unshare", ...mapping, "--pid", "--fork", "--kill-child=KILL", "--mount-proc", "--"];
  return {
    name: "pid namespace",
    description,
    wrap: (argv) => ({ argv: [...setpriv, ...unshare, Bun.which("bash") ?? "/bin/bash", "--norc", "-c", INIT, "init", ...argv] }),
  };
}

/** Root needs no user namespace, and without one a build may still be given to another user. Source: unshare(1), setpriv(1), pid_namespaces(7). */
const namespaceOfRoot = namespace([], "PID namespace whose first process ends with the hive");
const namespaceOfUser = namespace(["--map-current-user"], "PID namespace inside a user namespace, ends with the hive");

function guardianMeans(self: readonly string[]): ProcessMeans {
  return {
    name: "guardian",
    description: "guardian that adopts orphans and ends with the hive, environment mark",
    wrap: (argv) => ({ argv: [...self, GUARDIAN, ...argv], leaderIsLast: true }),
  };
}

/** Source: cgroups(7), Documentation/admin-guide/cgroup-v2.rst, "cgroup.kill". */
function cgroupMeans(self: readonly string[]): ProcessMeans {
  const enter = `echo $$ >"$0/cgroup.procs" && exec "$@"`;
  return {
    name: "cgroup",
    description: "cgroup v2 ended by cgroup.kill, with a guardian that ends with the hive",
    wrap: (argv) => {
      const group = makeCgroup();
      return { ...group, argv: ["/bin/sh", "-c", enter, group.path, ...self, GUARDIAN, ...argv], leaderIsLast: true };
    },
  };
}

/** Not run yet: see windows-job.ts. */
const jobObject: ProcessMeans = {
  name: "job object",
  description: "job object that is ended with the hive",
  wrap: (argv) => {
    let held: ReturnType<typeof holdInJobObject> | undefined;
    return {
      argv,
      hold: (pid) => {
        held = holdInJobObject(pid);
      },
      kill: () => held?.kill(),
      release: () => held?.release(),
    };
  },
};

/** Tries a means with a command that does nothing. */
function works(means: ProcessMeans): boolean {
  if (means === processGroup) return true;
  if (process.platform === "win32") return means === jobObject;
  if (process.platform !== "linux" || means === jobObject || !existsSync("/proc/self/stat")) return false;
  if (means.name === "cgroup" && ownCgroup() === undefined) return false;
  let wrapped: Wrapped | undefined;
  try {
    wrapped = means.wrap(["true"]);
    return (
      Bun.spawnSync([...wrapped.argv], { env: { PATH: process.env.PATH ?? "" }, stdio: ["ignore", "ignore", "ignore"], timeout: 5_000 })
        .exitCode === 0
    );
  } catch {
    return false;
  } finally {
    wrapped?.release?.();
  }
}
