// Who reads a recipe when rbee is root: a user that nobody else is, if the recipe lets it in.
import { readFileSync, statSync } from "node:fs";
import { dirname } from "node:path";

/** Uids that belong to nobody: below the ranges of systemd's dynamic users and containers (systemd, UIDS-GIDS, "unused"). */
const first = 60_706;
const last = 61_183;

let next = first + (process.pid % (last - first));

/** A uid without a name, another one at each call until they are used up; undefined where rbee is not root or cannot become somebody else. */
export function unusedUid(): number | undefined {
  if (process.getuid?.() !== 0 || process.platform !== "linux" || Bun.which("setpriv") === null) return undefined;
  const named = new Set(readFileSync("/etc/passwd", "utf8").match(/(?<=^[^:]*:[^:]*:)\d+/gm));
  for (let tries = 0; tries <= last - first; tries++) {
    next = next === last ? first : next + 1;
    if (!named.has(String(next))) return next;
  }
  return undefined;
}

/** Becomes that user for the command that follows, for good (setpriv(1)). */
export const become = (uid: number | undefined): string[] =>
  uid === undefined ? [] : ["setpriv", `--reuid=${uid}`, `--regid=${uid}`, "--clear-groups", "--inh-caps=-all", "--no-new-privs", "--"];

/** Whether everybody may read this file and list its directory. */
export function isOpen(file: string): boolean {
  return (statSync(file).mode & 0o004) !== 0 && (statSync(dirname(file)).mode & 0o005) === 0o005;
}

/** The outermost directory above `path` that not everybody may pass through. */
export function barrierAbove(path: string): string | undefined {
  const above = dirname(path);
  if (above === path) return undefined;
  return barrierAbove(above) ?? ((statSync(above).mode & 0o001) === 0 ? above : undefined);
}
