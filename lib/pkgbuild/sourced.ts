// Lets bash itself read a recipe, the way makepkg does, in a locked room; the answer comes back beside everything the recipe may print.

import { randomBytes } from "node:crypto";
import { constants } from "node:fs";
import { chown, mkdtemp, open, realpath, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fail } from "../errors.ts";
import { temporaryRoot } from "../paths.ts";
import { makepkgVariables, type Reading, type Surroundings } from "./reading.ts";
import { arrayFields, stringFields } from "./schema.ts";
import { decodeReport, type Report } from "./sourced/report.ts";
import { type Kind, openRoom, type Room } from "./sourced/room.ts";
import { type Ending, runInRoom } from "./sourced/run.ts";
import { sourcingScript } from "./sourced/script.ts";
import { findSyntaxError } from "./sourced/syntax.ts";
import { limits } from "./sourced/walls.ts";

export interface SourceOptions {
  /** Walls to take instead of the best that work here. */
  readonly walls?: Kind;
  readonly signal?: AbortSignal;
}

/**
 * Sources `file` with bash in a locked room and tells its variables, functions and overrides. Limits: 10 s, 512 MiB of memory, 128
 * processes, files of 16 MiB. Throws RECIPE_INVALID for a syntax error, RECIPE_REFUSED when the recipe ends the shell, loops, leaves
 * processes or fails to source (makepkg's "Failed to source"), CANCELLED when `signal` fires.
 */
export async function sourceRecipe(file: string, around: Surroundings, options: SourceOptions = {}): Promise<Reading> {
  const path = await realpath(file);
  await using scratch = await makeScratch();
  const room = openRoom({ recipe: path, scratch: scratch.path }, options.walls);
  if (room.uid !== undefined) await chown(scratch.path, room.uid, room.uid);
  const signal = options.signal === undefined ? {} : { signal: options.signal };
  const nonce = randomBytes(24).toString("hex");
  const report = join(scratch.path, `report-${randomBytes(8).toString("hex")}`);
  const printed = join(scratch.path, "printed");
  const variables = Object.fromEntries(Object.entries(makepkgVariables(around)).filter(([name]) => !(name in around.env)));
  const script = sourcingScript({
    recipe: path,
    report,
    printed,
    nonce,
    variables,
    fields: [...arrayFields, ...stringFields],
    ownProcesses: room.ownProcesses,
  });
  const ending = await runInRoom(script, { room, scratch: scratch.path, cwd: dirname(path), env: around.env, ...signal });
  const answer = decodeReport(await readReport(report), nonce);
  const found = judged(file, ending, answer, () => findSyntaxError(path, room));
  const text = async (path: string) => new TextDecoder().decode((await readReport(path)).subarray(0, limits.printedBytes));
  return readingOf({ before: await text(printed), after: await text(`${printed}-end`) }, found, room);
}

function readingOf(printed: Reading["printed"], { variables, functions, overrides }: Report, room: Room): Reading {
  return { how: "sourced", variables, functions, overrides, printed, missing: room.missing };
}

/** The report, or the reason why this recipe is refused. */
function judged(
  file: string,
  ending: Ending,
  report: Report | undefined,
  syntaxError: () => { line: number; reason: string } | undefined,
): Report {
  const refuse = (reason: string) => fail("RECIPE_REFUSED", { file, reason }, { data: { reason } });
  if (ending.kind === "cancelled") throw fail("CANCELLED", {});
  if (ending.kind === "timed out") throw refuse(`reading it took longer than ${limits.seconds} s`);
  if (ending.left) throw refuse("it leaves processes behind when it is read");
  if (report === undefined || ending.how !== "exit 0") throw refuse(`it ends the shell that reads it (${ending.how})`);
  if (report.leftJobs) throw refuse("it leaves processes behind when it is read");
  if (report.status === 0) return report;
  const found = syntaxError();
  if (found !== undefined) throw fail("RECIPE_INVALID", { file, ...found }, { data: found });
  throw refuse("its last command fails, so that makepkg cannot source it");
}

async function readReport(path: string): Promise<Uint8Array> {
  try {
    await using handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
    return new Uint8Array(await handle.readFile());
  } catch {
    return new Uint8Array();
  }
}

async function makeScratch() {
  const path = await mkdtemp(join(await realpath(temporaryRoot()), "rbee-recipe-"));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}
