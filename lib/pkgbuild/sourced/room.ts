// The locked room in which a recipe is sourced: which walls this machine can give, and what it cannot.
import { basename, dirname, join } from "node:path";
import { lendCopy } from "./lend.ts";
import { barrierAbove, isOpen, unusedUid } from "./user.ts";
import { type Walls, walls } from "./walls.ts";

export interface Room extends Walls {
  /** Who reads, where that is not us. */
  readonly uid: number | undefined;
  /** The recipe as its reader finds it: elsewhere when it had to be lent and could not be put in its place. */
  readonly recipe: string;
}

export type Kind = keyof typeof walls;

/** From the best to none. */
const kinds: readonly Kind[] = ["bubblewrap", "namespaces", "bare"];

/** Which walls work here, as root's and as our own: tried once per process. */
const tried = new Map<string, boolean>();

export interface Ground {
  /** Absolute and without links. */
  readonly recipe: string;
  /** May be written to by the reader. */
  readonly scratch: string;
  /** Where a copy of the recipe's directory goes if its reader may not see the directory itself. */
  readonly lending: string;
}

/** The best room for this recipe that works here; `only` names the kind to take instead. @throws RECIPE_REFUSED for one that cannot be lent. */
export function openRoom(ground: Ground, only?: Kind): Room {
  const uid = barrierAbove(ground.scratch) === undefined ? unusedUid() : undefined;
  for (const kind of only === undefined ? kinds : [only]) {
    const room = (uid === undefined ? undefined : roomFor(kind, ground, uid)) ?? roomFor(kind, ground, undefined);
    if (room !== undefined) return room;
  }
  throw new Error(`There are no walls of the kind ${only} on this machine`);
}

/** Nothing where walls of this kind do not work for this reader. */
function roomFor(kind: Kind, ground: Ground, uid: number | undefined): Room | undefined {
  const { recipe, scratch, lending } = ground;
  const isOnlyOurs = uid !== undefined && (!isOpen(recipe) || (kind !== "bubblewrap" && barrierAbove(recipe) !== undefined));
  const lent = isOnlyOurs ? lending : undefined;
  const found = walls[kind]({ recipe, scratch, uid, lent });
  if (kind !== "bare" && !works(`${kind} ${uid !== undefined}`, walls[kind]({ recipe, scratch, uid, lent: undefined }))) return undefined;
  if (lent !== undefined) lendCopy(dirname(recipe), lent);
  const place = lent === undefined || kind === "bubblewrap" ? recipe : join(lent, basename(recipe));
  return { ...found, missing: whatIsMissing(found, uid), uid, recipe: place };
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
