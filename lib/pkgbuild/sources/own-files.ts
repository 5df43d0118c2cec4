// Which files of this machine a recipe may name: those that lie beside it, and those that everybody may read anyway. A build has a network;
// whatever becomes a source could be sent away.
import { realpathSync, statSync } from "node:fs";
import { fail } from "../../errors.ts";
import { type Env, homeOf, isInside, pathsFrom } from "../../paths.ts";
import { parentsOf } from "../../sandbox/view.ts";

export interface OwnFiles {
  /** The recipe's directory. */
  readonly startDir: string;
  readonly env: Env;
  /** Directories that this machine's settings open to recipes (`build.file_sources`). */
  readonly opened: readonly string[];
}

/**
 * Where `path` really lies, links followed; itself when nothing is there, which whoever reads it will notice.
 * @throws RECIPE_REFUSED for a file of a person, of rbee, or one that not everybody may read.
 */
export function requireShareable(path: string, written: string, own: OwnFiles): string {
  const real = realPath(path);
  if (real === undefined) return path;
  const isAllowed = [own.startDir, ...own.opened].some((place) => isWithin(realPath(place) ?? place, real));
  if (isAllowed || (!isPersonal(real, own.env) && isEverybodys(real))) return real;
  const reason = `source "${written}": ${real} is no file that everybody may read`;
  throw fail("RECIPE_REFUSED", { file: "PKGBUILD", reason }, { hint: OPEN_IT });
}

const OPEN_IT = 'Copy it beside the PKGBUILD, or open its directory to recipes: "build": {"file_sources": ["DIR"]} in config.json';

/** Homes and rbee's own places, whatever their rights say: a build does not see them either. */
function isPersonal(path: string, env: Env): boolean {
  const { config, data, cache, state } = pathsFrom(env);
  const places = [homeOf(env), "/root", "/run", config, data, cache, state].flatMap((place) => [place, realPath(place) ?? place]);
  return /^\/home\/./.test(path) || places.some((place) => place !== "/" && isWithin(place, path));
}

function isEverybodys(path: string): boolean {
  const { mode } = statSync(path);
  const canPass = parentsOf(path).every((parent) => (statSync(parent).mode & 0o001) !== 0);
  return canPass && (mode & 0o004) !== 0;
}

function isWithin(place: string, path: string): boolean {
  return path === place || isInside(place, path);
}

function realPath(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch {
    return undefined;
  }
}
