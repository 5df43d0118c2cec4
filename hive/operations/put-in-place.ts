// From files that are laid out as a tree to the active version of a worker: the last three steps before the cleaning.
import { join } from "node:path";
import { settingsFrom } from "../../lib/config.ts";
import type { InstalledVersion, InstalledWorker } from "../../lib/contract/views.ts";
import { isOnPath, type Place } from "../../lib/install-dir.ts";
import type { NewVersion } from "../../lib/store/index.ts";
import type { Hive } from "../hive.ts";
import type { JobContext } from "../job.ts";
import { probeVersion } from "../worker/probe.ts";
import { forgetLook } from "./hive-check.ts";
import { installForAll } from "./install-for-all.ts";
import { makeActive, retire } from "./worker-versions.ts";

interface How {
  readonly place: Place;
  /** The link is switched to a version that nobody has seen running. */
  readonly skipProbe?: boolean | undefined;
  /** A directory of the job, where it may write. */
  readonly scratch: string;
}

interface Put {
  readonly version: InstalledVersion;
  /** What was the active version there. */
  readonly former: InstalledWorker | undefined;
  /** Somebody with more rights has done it all. */
  readonly isRecorded: boolean;
}

/**
 * A version that takes another's place has to pass its probe first. A failure before the end leaves what was installed before, and nothing of
 * the new version.
 * @throws PROBE_FAILED, FOREIGN_FILE, ELEVATION_REFUSED, what the file system says.
 */
export async function putInPlace(hive: Hive, job: JobContext, made: NewVersion, how: How): Promise<InstalledWorker> {
  const { version, former, isRecorded } = await job.step("Install binary", () =>
    how.place.elevate ? putForAll(hive, job, made, how) : put(hive, job, made, how),
  );
  await job.step("Add to worker catalog", () => (isRecorded ? undefined : record(hive, job, version)));
  await job.step("Update capabilities", forgetLook);
  job.note(`✓ Binary installed to: ${version.binary}`);
  if (former && former.tree !== version.tree) await retire(hive, job, former);
  return { ...version, active: true, pinned: former?.pinned ?? false };
}

/** The tree and the link to it. */
async function put(hive: Hive, job: JobContext, made: NewVersion, { place, skipProbe }: How): Promise<Put> {
  const store = hive.stores.at(place.prefix);
  const former = await activeAt(hive, place, made);
  const version = await store.place(made, { signal: job.signal });
  try {
    if (former && isOther(former, made) && !skipProbe) await probeVersion(hive, job, version, former);
    await store.link(version);
  } catch (error) {
    await store.takeBack(version);
    throw error;
  }
  return { version, former, isRecorded: false };
}

/** Somebody with the rights puts in place what was packed and, before that, probed here. */
async function putForAll(hive: Hive, job: JobContext, made: NewVersion, how: How): Promise<Put> {
  const former = await activeAt(hive, how.place, made);
  if (former && isOther(former, made) && !how.skipProbe)
    await probeVersion(hive, job, { ...made.entry, entry: made.entry, tree: made.files }, former);
  const forAll = await installForAll(hive, job, made, { place: how.place, directory: join(how.scratch, "handover") });
  if ("worker" in forAll) return { version: forAll.worker, former, isRecorded: true };
  job.note(`✓ Will install to: ${forAll.instead.bin}`);
  return put(hive, job, forAll.made, { ...how, place: forAll.instead });
}

async function record(hive: Hive, job: JobContext, version: InstalledVersion): Promise<void> {
  const store = hive.stores.at(version.prefix);
  try {
    job.commit();
    await hive.stores.remember(version.prefix);
    await store.record(version, { keep: settingsFrom(hive.paths, hive.env).keep_versions });
  } catch (error) {
    await store.takeBack(version);
    throw error;
  }
}

async function activeAt(hive: Hive, { prefix }: Place, { entry }: NewVersion): Promise<InstalledWorker | undefined> {
  return (await hive.stores.at(prefix).find(entry.id)).find(({ active }) => active);
}

function isOther(former: InstalledWorker, { digest }: NewVersion): boolean {
  return former.digest !== digest;
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
