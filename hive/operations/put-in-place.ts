// From files that are laid out as a tree to the active version of a worker: the last three steps before the cleaning.
import { join } from "node:path";
import { settingsFrom } from "../../lib/config.ts";
import type { InstalledWorker } from "../../lib/contract/views.ts";
import { isOnPath, type Place } from "../../lib/install-dir.ts";
import type { NewVersion } from "../../lib/store/index.ts";
import type { Hive } from "../hive.ts";
import type { JobContext } from "../job.ts";
import { probeVersion } from "../probe.ts";
import { forgetLook } from "./hive-check.ts";
import { makeActive, retire } from "./worker-versions.ts";

interface How {
  readonly place: Place;
  /** The link is switched to a version that nobody has seen running. */
  readonly skipProbe?: boolean | undefined;
}

/**
 * A version that takes another's place has to pass its probe first. A failure before the end leaves what was installed before, and nothing of
 * the new version.
 * @throws PROBE_FAILED, FOREIGN_FILE, what the file system says.
 */
export async function putInPlace(hive: Hive, job: JobContext, made: NewVersion, { place, skipProbe }: How): Promise<InstalledWorker> {
  const { prefix } = place;
  const store = hive.stores.at(prefix);
  const former = (await store.find(made.entry.id)).find(({ active }) => active);
  const version = await job.step("Install binary", async () => {
    const placed = await store.place(made, { signal: job.signal });
    try {
      if (former && former.digest !== placed.digest && !skipProbe) await probeVersion(hive, job, placed, former);
      await store.link(placed);
    } catch (error) {
      await store.takeBack(placed);
      throw error;
    }
    return placed;
  });
  await job.step("Add to worker catalog", async () => {
    try {
      job.commit();
      await hive.stores.remember(prefix);
      await store.record(version, { keep: settingsFrom(hive.paths, hive.env).keep_versions });
    } catch (error) {
      await store.takeBack(version);
      throw error;
    }
  });
  await job.step("Update capabilities", forgetLook);
  job.note(`✓ Binary installed to: ${version.binary}`);
  if (former && former.tree !== version.tree) await retire(hive, job, former);
  return { ...version, active: true, pinned: former?.pinned ?? false };
}

interface Taken {
  readonly worker: InstalledWorker;
  readonly already_installed: true;
  readonly on_path: boolean;
}

/** The version that is wished is here already; at most the link has to lead to it. `steps` are the job's that come before the last three. */
export async function takeInstalled(hive: Hive, job: JobContext, worker: InstalledWorker, steps: readonly string[]): Promise<Taken> {
  for (const name of [...steps, "Install binary", "Add to worker catalog", "Update capabilities"]) job.skip(name);
  if (!worker.active) await makeActive(hive, job, worker);
  job.note(`${worker.id} ${worker.version} is already installed (--force builds it again)`);
  return {
    worker: { ...worker, active: true },
    already_installed: true,
    on_path: isOnPath(join(worker.prefix, "bin"), hive.env.PATH ?? ""),
  };
}
