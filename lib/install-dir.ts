// Where a worker goes: decided before anything is fetched or built.
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { partialName } from "./atomic.ts";
import { fail } from "./errors.ts";
import type { Paths } from "./paths.ts";

export interface Place {
  readonly prefix: string;
  readonly bin: string;
  /** Why the system's place was passed over, when it was. */
  readonly note?: string;
  /** It cannot be written by us: the last step gets the rights this way. */
  readonly elevate?: Means;
}

type Means = "sudo" | "pkexec";

interface Wish {
  readonly user?: boolean | undefined;
  readonly system?: boolean | undefined;
  readonly prefix?: string | undefined;
  /** For all users, and where we may not write this way gets the rights. */
  readonly elevate?: Means | undefined;
}

interface Choice {
  /** Takes back the directories that the try has made. */
  readonly leaveNothing?: boolean;
}

/**
 * Chooses the prefix: a named one; with `elevate` the system's, whoever may write there; else the system's when its `bin` and `lib` can be written or made, else the user's, created when missing.
 * @throws PERMISSION_DENIED when none can be written, INVALID_INPUT when the wishes contradict each other.
 */
export function chooseInstallDir(paths: Paths, wish: Wish = {}, choice: Choice = {}): Place {
  const wishes = [wish.user, wish.system, wish.prefix].filter(Boolean);
  if (wishes.length > 1 || (wish.elevate && (wish.user || wish.prefix)))
    throw fail("INVALID_INPUT", { field: "user, system, prefix", reason: "only one of them can be given" });
  const candidates = wish.elevate
    ? [paths.systemPrefix]
    : wish.prefix
      ? [resolve(wish.prefix)]
      : wish.system
        ? [paths.systemPrefix]
        : wish.user
          ? [paths.userPrefix]
          : [paths.systemPrefix, paths.userPrefix];
  const obstacles: string[] = [];
  for (const prefix of candidates) {
    const obstacle = obstacleTo(prefix, choice);
    if (!obstacle)
      return { prefix, bin: join(prefix, "bin"), ...(obstacles[0] ? { note: `Not for all users: cannot write to ${obstacles[0]}` } : {}) };
    if (wish.elevate)
      return {
        prefix,
        bin: join(prefix, "bin"),
        elevate: wish.elevate,
        note: `The last step needs rights: ${wish.elevate} will ask for them`,
      };
    obstacles.push(obstacle);
  }
  throw fail("PERMISSION_DENIED", { paths: obstacles.join(" nor to ") });
}

/** True when the shell that asked would find programs in `bin`. */
export function isOnPath(bin: string, path: string): boolean {
  return path.split(":").some((entry) => entry !== "" && resolve(entry) === resolve(bin));
}

/** The directory under the prefix that cannot be written; undefined when all can. What is missing is made, so that later steps find it. */
function obstacleTo(prefix: string, choice: Choice): string | undefined {
  return [join(prefix, "bin"), join(prefix, "lib")].find((directory) => !canWrite(directory, choice));
}

/** Tries it: permission bits do not know of read-only mounts, quotas or access lists. What the try made is taken back when it fails. */
function canWrite(directory: string, { leaveNothing = false }: Choice): boolean {
  let made: string | undefined;
  try {
    made = mkdirSync(directory, { recursive: true });
    const probe = partialName(join(directory, "probe"));
    writeFileSync(probe, "", { flag: "wx" });
    rmSync(probe);
    if (leaveNothing && made) rmSync(made, { recursive: true, force: true });
    return true;
  } catch {
    if (made) rmSync(made, { recursive: true, force: true });
    return false;
  }
}
