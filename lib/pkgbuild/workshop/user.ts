// Who builds: never root. As root, a user that nobody else is; as an ordinary user, that user.
import { accessSync, constants, lstatSync, mkdirSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { fail } from "../../errors.ts";
import { tryLock } from "../../lock.ts";
import { type Env, pathsFrom } from "../../paths.ts";

export interface BuildUser extends Disposable {
  readonly uid: number;
  readonly name: string;
}

/** Uids for builds: above people and services, below the ranges of containers and `nobody`. Source: systemd's UIDS-GIDS, "unused". */
const FIRST_UID = 60_000;
const LAST_UID = 60_399;
/**
 * Locks of this machine's build users; only root makes builds with users of their own, and only root writes there. The first place that can be
 * written counts; a container with a read-only root has shared memory, else its one writable directory.
 */
function lockPlaces(env: Env): readonly string[] {
  return ["/run/rbee/build-users", "/dev/shm/rbee-build-users", join(pathsFrom(env).state, "build-users")];
}

/**
 * The user that a build becomes: `RBEE_BUILD_USER`, else an unused uid that is held until the disposal. Undefined when we are an ordinary
 * user: then the build runs as us. @throws BUILD_USER when we are root and no other user can be had.
 */
export function claimBuildUser(env: Env = process.env): BuildUser | undefined {
  if (process.getuid?.() !== 0) return undefined;
  if (process.platform !== "linux" || Bun.which("setpriv") === null) throw fail("BUILD_USER", { reason: "setpriv is not installed" });
  const user = env.RBEE_BUILD_USER ? namedUser(env.RBEE_BUILD_USER) : unusedUser(findLockPlace(env));
  if (canBecome(user)) return user;
  user[Symbol.dispose]();
  throw fail("BUILD_USER", { reason: `this root cannot become uid ${user.uid}, as in a container that knows one user only` });
}

/** Tried, because root of a user namespace has only the users that were mapped into it (user_namespaces(7)). */
function canBecome({ uid }: BuildUser): boolean {
  return Bun.spawnSync(["setpriv", `--reuid=${uid}`, `--regid=${uid}`, "--clear-groups", "true"], { stderr: "ignore" }).exitCode === 0;
}

function namedUser(wanted: string): BuildUser {
  const line = accounts().find(([name, , uid]) => name === wanted || uid === wanted);
  const uid = Number(line?.[2] ?? (/^\d{1,9}$/.test(wanted) ? wanted : Number.NaN));
  if (!Number.isSafeInteger(uid)) throw fail("BUILD_USER", { reason: `RBEE_BUILD_USER=${wanted} is no user of this machine` });
  if (uid === 0) throw fail("BUILD_USER", { reason: `RBEE_BUILD_USER=${wanted} is root` });
  return { uid, name: line?.[0] ?? wanted, [Symbol.dispose]: () => {} };
}

function unusedUser(locks: string): BuildUser {
  const taken = new Set([...accounts().map(([, , uid]) => Number(uid)), ...livingUids()]);
  for (let uid = FIRST_UID; uid <= LAST_UID; uid++) {
    const lock = taken.has(uid) ? undefined : tryLock(join(locks, String(uid)));
    if (lock) return { uid, name: `rbee-build-${uid}`, [Symbol.dispose]: () => lock[Symbol.dispose]() };
  }
  throw fail("BUILD_USER", { reason: `every uid from ${FIRST_UID} to ${LAST_UID} is in use` });
}

/** @throws BUILD_USER when none of the places is root's alone and can be written. */
function findLockPlace(env: Env): string {
  const places = lockPlaces(env);
  const place = places.find(isOursAlone);
  if (place === undefined) throw fail("BUILD_USER", { reason: `none of ${places.join(", ")} can be written` });
  return place;
}

function isOursAlone(directory: string): boolean {
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    accessSync(directory, constants.W_OK);
    const info = lstatSync(directory);
    return info.isDirectory() && info.uid === 0 && (info.mode & 0o022) === 0;
  } catch {
    return false;
  }
}

/** Lines of /etc/passwd, see passwd(5). */
function accounts(): string[][] {
  return readFileSync("/etc/passwd", "utf8")
    .split("\n")
    .map((line) => line.split(":"));
}

/** Owners of what runs: a uid with a living process is somebody's, whether it has a name or not. */
function livingUids(): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => statSync(join("/proc", name), { throwIfNoEntry: false })?.uid ?? []);
}
