// Control groups, version 2, below the one that this process is in. Source: cgroups(7), proc_pid_cgroup(5).

import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** `NAME-PID-…`: a group whose maker is gone is rubbish. */
const NAME = "rbee";

/** Where this process may make groups; undefined when it may not, or when the kernel (before 5.14) has no cgroup.kill. */
export function ownCgroup(): string | undefined {
  const own = /^0::(.*)$/m.exec(textOf("/proc/self/cgroup"))?.[1];
  const mount = /^\S+ \S+ \S+ \S+ (\S+) .* - cgroup2 /m.exec(textOf("/proc/self/mountinfo"))?.[1];
  if (own === undefined || mount === undefined) return undefined;
  const directory = join(mount, own);
  const probe = join(directory, `${NAME}-${process.pid}-probe`);
  try {
    mkdirSync(probe);
    const canKill = existsSync(join(probe, "cgroup.kill"));
    rmdirSync(probe);
    return canKill ? directory : undefined;
  } catch {
    return undefined;
  }
}

interface Cgroup {
  readonly path: string;
  /** The pids in it. */
  readonly members: () => number[];
  readonly kill: () => void;
  readonly release: () => void;
}

/** Makes a group. Throws what the file system says. */
export function makeCgroup(): Cgroup {
  const parent = ownCgroup();
  if (parent === undefined) throw new Error("No control group may be made here");
  sweep(parent);
  const path = join(parent, `${NAME}-${process.pid}-${randomBytes(6).toString("hex")}`);
  mkdirSync(path);
  return {
    path,
    members: () =>
      textOf(join(path, "cgroup.procs"))
        .split("\n")
        .map(Number)
        .filter((pid) => pid > 0),
    kill: () => write(join(path, "cgroup.kill"), "1"),
    release: () => remove(path),
  };
}

/** Removes the empty groups of dead makers; one that is not empty refuses by itself. */
function sweep(parent: string): void {
  for (const name of readdirSync(parent)) {
    const maker = /^rbee-(\d+)-/.exec(name)?.[1];
    if (maker && !existsSync(`/proc/${maker}`)) remove(join(parent, name));
  }
}

function remove(path: string): void {
  try {
    rmdirSync(path);
  } catch {
    // Somebody lives in it still (EBUSY), or it is gone.
  }
}

function write(path: string, text: string): void {
  try {
    writeFileSync(path, text);
  } catch {
    // The group is gone, and all that was in it.
  }
}

function textOf(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
