// The locked room in which a recipe is sourced: which walls this machine can give, and what it cannot.
import { barrierAbove, isOpen, unusedUid } from "./user.ts";
import { type Place, type Walls, walls } from "./walls.ts";

export interface Room extends Walls {
  /** Who reads, where that is not us. */
  readonly uid: number | undefined;
}

export type Kind = keyof typeof walls;

/** From the best to none. */
const kinds: readonly Kind[] = ["bubblewrap", "namespaces", "bare"];

/** Which walls work here, as root's and as our own: tried once per process. */
const tried = new Map<string, boolean>();

/** The best room for this recipe that works here; `only` names the kind to take instead. */
export function openRoom({ recipe, scratch }: Pick<Place, "recipe" | "scratch">, only?: Kind): Room {
  const uid = isOpen(recipe) ? unusedUid() : undefined;
  for (const kind of only === undefined ? kinds : [only]) {
    // Only bubblewrap puts the recipe where its reader can reach it.
    const lets = kind === "bubblewrap" || (barrierAbove(recipe) === undefined && barrierAbove(scratch) === undefined);
    for (const each of uid === undefined || !lets ? [undefined] : [uid, undefined]) {
      const found = walls[kind]({ recipe, scratch, uid: each });
      if (kind === "bare" || works(`${kind} ${each !== undefined}`, found))
        return { ...found, missing: whatIsMissing(found, each), uid: each };
    }
  }
  throw new Error(`There are no walls of the kind ${only} on this machine`);
}

function whatIsMissing({ missing }: Walls, uid: number | undefined): string[] {
  const isRoot = process.getuid?.() === 0 && uid === undefined;
  const unlimited = Bun.which("prlimit") === null ? ["limits on memory, processes and files"] : [];
  return [...missing, ...(isRoot ? ["a user of its own"] : []), ...unlimited];
}

function works(name: string, { command }: Walls): boolean {
  const known = tried.get(name);
  if (known !== undefined) return known;
  const [program = "", ...rest] = [...command, "true"];
  const start = () =>
    Bun.spawnSync([program, ...rest], {
      env: { PATH: "/usr/local/bin:/usr/bin:/bin" },
      stdio: ["ignore", "ignore", "ignore"],
      timeout: 5000,
    });
  const does = Bun.which(program) !== null && start().exitCode === 0;
  tried.set(name, does);
  return does;
}
