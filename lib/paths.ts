// Where everything lives: XDG directories, or all under RBEE_HOME. Source: XDG Base Directory Specification 0.8.
import { homedir } from "node:os";
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
  const userHome = env.HOME || homedir();
  const xdg = (name: string, fallback: string) => {
    const value = env[name];
    return join(value && isAbsolute(value) ? value : join(userHome, fallback), "rbee");
  };
  return {
    config: home ? join(home, "config") : xdg("XDG_CONFIG_HOME", ".config"),
    data: home ? join(home, "data") : xdg("XDG_DATA_HOME", ".local/share"),
    cache: home ? join(home, "cache") : xdg("XDG_CACHE_HOME", ".cache"),
    state: home ? join(home, "state") : xdg("XDG_STATE_HOME", ".local/state"),
    systemPrefix: resolve(env.RBEE_SYSTEM_PREFIX || "/usr/local"),
    userPrefix: resolve(env.RBEE_USER_PREFIX || (home ? join(home, "local") : join(userHome, ".local"))),
  };
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
  return home && isInside(home, path) ? `~${path.slice(home.length)}` : path;
}
