// Where everything lives: XDG directories, or all under RBEE_HOME. Source: XDG Base Directory Specification 0.8.
import { accessSync, constants, mkdirSync } from "node:fs";
import { tmpdir, userInfo } from "node:os";
import { isAbsolute, join, relative, resolve, sep } from "node:path";
import { fail } from "./errors.ts";

export type Env = Readonly<Record<string, string | undefined>>;

export interface Paths {
  readonly config: string;
  readonly data: string;
  readonly cache: string;
  readonly state: string;
  readonly systemPrefix: string;
  readonly userPrefix: string;
}

/** The places of one rbee. With `RBEE_HOME` one directory holds everything; else the XDG variables, absolute ones only, as the specification says. */
export function pathsFrom(env: Env = process.env): Paths {
  const home = env.RBEE_HOME ? resolve(env.RBEE_HOME) : undefined;
  const xdg = (name: string, fallback: string) => {
    const value = env[name];
    return join(value && isAbsolute(value) ? value : join(homeOf(env), fallback), "rbee");
  };
  return {
    config: home ? join(home, "config") : xdg("XDG_CONFIG_HOME", ".config"),
    data: home ? join(home, "data") : xdg("XDG_DATA_HOME", ".local/share"),
    cache: home ? join(home, "cache") : xdg("XDG_CACHE_HOME", ".cache"),
    state: home ? join(home, "state") : xdg("XDG_STATE_HOME", ".local/state"),
    systemPrefix: resolve(env.RBEE_SYSTEM_PREFIX || "/usr/local"),
    userPrefix: resolve(env.RBEE_USER_PREFIX || (home ? join(home, "local") : join(homeOf(env), ".local"))),
  };
}

/**
 * The user's home directory: HOME when it is an absolute path, else what the accounts say, else RBEE_HOME. A container's user may have neither a HOME nor an account.
 * @throws NO_HOME when none of them is there.
 */
export function homeOf(env: Env = process.env): string {
  const said = env.HOME && isAbsolute(env.HOME) ? env.HOME : undefined;
  const home = said || accountHome() || env.RBEE_HOME;
  if (!home) throw fail("NO_HOME", {});
  return home;
}

/** The same environment for a program that works in another directory: places of ours that are written relative are written whole. */
export function withAbsolutePlaces(env: Env): Record<string, string | undefined> {
  const places = ["RBEE_HOME", "RBEE_SYSTEM_PREFIX", "RBEE_USER_PREFIX", "HF_HOME"].filter((name) => env[name]);
  return { ...env, ...Object.fromEntries(places.map((name) => [name, resolve(env[name]!)])) };
}

/** Where short-lived files go: the system's place, or on a read-only root one under the cache directory, which is made. */
export function temporaryRoot(env: Env = process.env): string {
  const usual = tmpdir();
  try {
    accessSync(usual, constants.W_OK);
    return usual;
  } catch {
    const own = join(pathsFrom(env).cache, "tmp");
    mkdirSync(own, { recursive: true, mode: 0o700 });
    return own;
  }
}

/** Not os.homedir(), which repeats HOME. */
function accountHome(): string | undefined {
  try {
    return userInfo().homedir;
  } catch {
    return undefined;
  }
}

/** Joins a name that came from outside to a directory of ours. @throws UNSAFE_PATH when the result is not inside. */
export function containedPath(root: string, name: string): string {
  const path = resolve(root, name);
  if (name.includes("\0") || !isInside(root, path)) throw fail("UNSAFE_PATH", { path: name, root });
  return path;
}

/** True when `path` lies below `root` (as written: links are not followed). */
export function isInside(root: string, path: string): boolean {
  const way = relative(root, path);
  return way !== "" && way !== ".." && !way.startsWith(`..${sep}`) && !isAbsolute(way);
}

/** A path as people write it: the home directory as `~`. */
export function shortPath(path: string, env: Env = process.env): string {
  const home = env.HOME;
  return home && isAbsolute(home) && isInside(home, path) ? `~${path.slice(home.length)}` : path;
}
