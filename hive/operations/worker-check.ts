// worker_check: everything that could stop an install or a start, looked at at once; nothing is changed.
import { join } from "node:path";
import { findOffer, type Offer } from "../../lib/catalog.ts";
import { checkEngine } from "../../lib/checks/engine.ts";
import { fine, problem } from "../../lib/checks/finding.ts";
import { checkPath, checkPlace, checkPrograms, checkShadow } from "../../lib/checks/place.ts";
import { checkPorts } from "../../lib/checks/port.ts";
import { buildBytes, checkDisk, checkMemory } from "../../lib/checks/space.ts";
import { checkTools } from "../../lib/checks/tools.ts";
import { settingsFrom } from "../../lib/config.ts";
import type { Input, Output } from "../../lib/contract/operations.ts";
import type { Finding } from "../../lib/contract/views.ts";
import { RbeeError } from "../../lib/errors.ts";
import { chooseInstallDir, type Place } from "../../lib/install-dir.ts";
import { checkPlatform } from "../../lib/machine/platform.ts";
import type { Hive } from "../hive.ts";
import type { JobContext } from "../job.ts";
import { needsOf, readOffer } from "../recipes.ts";

export async function workerCheck(hive: Hive, job: JobContext, input: Input<"worker_check">): Promise<Output<"worker_check">> {
  const offer = await findOffer(hive.catalogs, input.worker_id, job.signal);
  const { entry } = offer;
  const { place, finding } = checkPlace(() => chooseInstallDir(hive.paths, input, { leaveNothing: true }));
  const path = hive.env.PATH ?? "";
  const looks = await Promise.all([
    attempt("platform", "Made for this machine", () => checkPlatform(entry)),
    checkRecipe(hive, job, offer),
    checkEngine(entry.worker_type),
    finding,
    place && checkTarget(hive, offer, place),
    place && checkPath(place.bin, path, place.prefix === hive.paths.userPrefix ? "rbee path setup" : undefined),
    place && checkShadow(entry.binary_name, place.bin, path),
    checkPrograms(join(hive.paths.cache, "build")),
    checkDisk("the build", hive.paths.cache, buildBytes(entry.build_system)),
    place && checkDisk("the worker", place.prefix, 0),
    checkMemory(entry.build_system),
    checkPorts(settingsFrom(hive.paths, hive.env).worker_ports),
  ]);
  const findings = looks.flat().filter((each) => each !== undefined);
  return { id: entry.id, fits: findings.every(({ state }) => state !== "problem"), findings };
}

/** The recipe can be read, and what it needs is here. */
async function checkRecipe(hive: Hive, job: JobContext, offer: Offer): Promise<Finding[]> {
  const { entry } = offer;
  const path = hive.env.PATH ?? "";
  try {
    const { recipe } = await readOffer(hive, offer, job.signal);
    const tools = await checkTools(needsOf(entry, recipe), path);
    return [fine("recipe", "The recipe can be read"), ...tools];
  } catch (error) {
    if (!(error instanceof RbeeError)) throw error;
    return [problem("recipe", error.message, error.hint)];
  }
}

function checkTarget(hive: Hive, { entry }: Offer, place: Place): Finding | undefined {
  return attempt("place", undefined, () => hive.stores.at(place.prefix).checkLink(entry.binary_name));
}

/** A check of ours that throws what it finds. */
function attempt(about: string, words: string | undefined, check: () => void): Finding | undefined {
  try {
    check();
    return words === undefined ? undefined : fine(about, words);
  } catch (error) {
    if (!(error instanceof RbeeError)) throw error;
    return problem(about, error.message, error.hint);
  }
}
