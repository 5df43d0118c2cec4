// worker_install_plan: what an install would do and what stands in its way, asked before anybody waits for it.
import { findOffer, type Offer } from "../../lib/catalog.ts";
import { buildBytes } from "../../lib/checks/space.ts";
import type { Input, Output } from "../../lib/contract/operations.ts";
import { freeBytesAt } from "../../lib/disk-usage.ts";
import { RbeeError } from "../../lib/errors.ts";
import { chooseInstallDir, isOnPath } from "../../lib/install-dir.ts";
import { checkDependencies, installCommand } from "../../lib/machine/dependencies.ts";
import { checkPlatform } from "../../lib/machine/platform.ts";
import { BUILT_IN } from "../catalog/builtin.ts";
import { hasPkexec } from "../elevation.ts";
import type { Hive } from "../hive.ts";
import type { JobContext } from "../job.ts";
import { type FetchedRecipe, needsOf, readOffer } from "../recipes.ts";

type Plan = Output<"worker_install_plan">;

export async function installPlan(hive: Hive, job: JobContext, input: Input<"worker_install_plan">): Promise<Plan> {
  const offer = await findOffer(hive.catalogs, input.worker_id, job.signal);
  const fetched = await readOffer(hive, offer, job.signal);
  const obstacles: Plan["obstacles"] = [];
  attempt(obstacles, () => checkPlatform(offer.entry));
  const place = attempt(obstacles, () => placeFor(hive, offer, input));
  return {
    id: offer.entry.id,
    version: offer.entry.version,
    digest: fetched.digest,
    needs_confirmation: offer.catalog.origin !== BUILT_IN,
    ...(place ? { place } : {}),
    room: [
      ...(place ? [{ what: "program" as const, path: place.prefix, free_bytes: freeBytesAt(place.prefix) }] : []),
      {
        what: "build",
        path: hive.paths.cache,
        free_bytes: freeBytesAt(hive.paths.cache),
        wanted_bytes: buildBytes(offer.entry.build_system),
      },
    ],
    obstacles,
    ...toolsFor(hive, offer, fetched),
  };
}

function placeFor(hive: Hive, { entry }: Offer, input: Input<"worker_install_plan">): NonNullable<Plan["place"]> {
  const { user, system, elevate } = input;
  // Without pkexec the page cannot get rights: what stands in the way is then told as it is.
  const means = elevate === "pkexec" && !hasPkexec(hive.env.PATH) ? undefined : elevate;
  const { elevate: _, ...place } = chooseInstallDir(hive.paths, { user, system, elevate: means }, { leaveNothing: true });
  hive.stores.at(place.prefix).checkLink(entry.binary_name);
  return { ...place, on_path: isOnPath(place.bin, hive.env.PATH ?? "") };
}

/** As the step "Check dependencies" will look. */
function toolsFor(hive: Hive, { entry }: Offer, { recipe }: FetchedRecipe): Pick<Plan, "missing" | "command" | "unknown"> {
  const { missing, unknown } = checkDependencies(needsOf(entry, recipe), hive.env.PATH ?? "");
  return { missing, unknown, ...(missing.length > 0 ? { command: installCommand(missing) } : {}) };
}

/** What the install would refuse is told instead of thrown. */
function attempt<Result>(obstacles: Plan["obstacles"], action: () => Result): Result | undefined {
  try {
    return action();
  } catch (error) {
    if (!(error instanceof RbeeError)) throw error;
    obstacles.push({ message: error.message, ...(error.hint ? { hint: error.hint } : {}) });
    return undefined;
  }
}
