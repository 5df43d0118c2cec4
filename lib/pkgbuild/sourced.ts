// Lets bash itself read a recipe, the way makepkg does, in a locked room; the answer comes back beside everything the recipe may print.

import { randomBytes } from "node:crypto";
import { chmod, chown, type FileHandle, mkdir, mkdtemp, open, realpath, rm } from "node:fs/promises";
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
 * Sources `file` with bash in a locked room and tells its variables, functions and overrides. Limits: 10 s, 512 MiB of memory, 1 GiB of all
 * processes together, 128 processes, files of 16 MiB, 64 MiB of files. Throws RECIPE_INVALID for a syntax error, RECIPE_REFUSED when the recipe ends the shell, loops, leaves
 * processes or fails to source (makepkg's "Failed to source"), CANCELLED when `signal` fires.
 */
export async function sourceRecipe(file: string, around: Surroundings, options: SourceOptions = {}): Promise<Reading> {
  const path = await realpath(file);
  await using ground = await makeGround(path);
  const room = openRoom(ground, options.walls);
  if (room.uid !== undefined) await chown(ground.scratch, room.uid, room.uid);
  const signal = options.signal === undefined ? {} : { signal: options.signal };
  const nonce = randomBytes(24).toString("hex");
  const script = sourcingScript({
    recipe: room.recipe,
    nonce,
    variables: Object.fromEntries(Object.entries(makepkgVariables(around)).filter(([name]) => !(name in around.env))),
    fields: [...arrayFields, ...stringFields],
    ownProcesses: room.ownProcesses,
  });
  const { files } = ground;
  const cwd = dirname(room.recipe);
  const ending = await runInRoom(script, {
    room,
    scratch: ground.scratch,
    cwd,
    env: around.env,
    files: files.map(({ fd }) => fd),
    ...signal,
  });
  const textOf = async (index: number) => asInItsPlace(await readFromStart(files[index]!), room.recipe, path);
  const answer = decodeReport(await textOf(0), nonce);
  const found = judged(file, ending, answer, () => findSyntaxError(room.recipe, room));
  const printed = async (index: number) => (await textOf(index)).slice(0, limits.printedBytes);
  return readingOf({ before: await printed(1), after: await printed(2) }, found, room);
}

/** A recipe that was lent speaks of the place where it was read. */
function asInItsPlace(text: string, read: string, path: string): string {
  return read === path ? text : text.replaceAll(dirname(read), dirname(path));
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
  if (ending.kind === "too much memory") throw refuse(`its processes hold more than ${limits.residentBytes >> 20} MiB of memory together`);
  if (ending.kind === "timed out") throw refuse(`reading it took longer than ${limits.seconds} s`);
  if (ending.left) throw refuse("it leaves processes behind when it is read");
  if (report === undefined || ending.how !== "exit 0") throw refuse(`it ends the shell that reads it (${ending.how})`);
  if (report.leftJobs) throw refuse("it leaves processes behind when it is read");
  if (report.status === 0) return report;
  const found = syntaxError();
  if (found !== undefined) throw fail("RECIPE_INVALID", { file, ...found }, { data: found });
  throw refuse("its last command fails, so that makepkg cannot source it");
}

/** What is in a file that the room wrote to, from its start: at most what limits let it grow to. */
async function readFromStart(file: FileHandle): Promise<string> {
  const { size } = await file.stat();
  const { buffer, bytesRead } = await file.read(Buffer.alloc(size), 0, size, 0);
  return new TextDecoder().decode(buffer.subarray(0, bytesRead));
}

/** The directories of one reading and the three files that it writes to, which have no name: nobody finds them but by their descriptors. */
async function makeGround(recipe: string) {
  const path = await mkdtemp(join(await realpath(temporaryRoot()), "rbee-recipe-"));
  await chmod(path, 0o711);
  const scratch = join(path, "scratch");
  await mkdir(scratch);
  const files = await Promise.all(["report", "printed", "end"].map((name) => openNameless(join(path, name))));
  const close = async () => {
    await Promise.all(files.map((file) => file.close()));
    await rm(path, { recursive: true, force: true });
  };
  return { recipe, scratch, lending: join(path, "lent"), files, [Symbol.asyncDispose]: close };
}

async function openNameless(path: string): Promise<FileHandle> {
  const file = await open(path, "wx+", 0o600);
  await rm(path);
  return file;
}
