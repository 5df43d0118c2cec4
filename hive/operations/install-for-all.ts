// The last step of an install for all users where this hive has no right to write: packed here, put in place by somebody with the rights.
import { join } from "node:path";
import type { Entry } from "../../lib/contract/entry.ts";
import type { InstalledWorker } from "../../lib/contract/views.ts";
import { fail } from "../../lib/errors.ts";
import { packHandover } from "../../lib/handover.ts";
import { chooseInstallDir, type Place } from "../../lib/install-dir.ts";
import type { Hive } from "../hive.ts";
import type { JobContext } from "../job.ts";

export interface Built {
  readonly entry: Entry;
  readonly digest: string;
  readonly origin: string;
  readonly pkgDir: string;
}

type ForAll = { readonly worker: InstalledWorker } | { readonly instead: Place; readonly built: Built };

/** What helps who has no rights. */
export function aloneHint(id: string): string {
  return `Install for you alone: rbee worker download ${id} --user`;
}

/**
 * Packs into `directory` and waits until it is installed under the place's prefix; `instead` when the person would rather have it alone.
 * @throws ELEVATION_REFUSED; WORKER_NOT_INSTALLED when it was told to be done and is not.
 */
export async function installForAll(
  hive: Hive,
  job: JobContext,
  built: Built,
  { place, directory }: { place: Place; directory: string },
): Promise<ForAll> {
  const { id } = built.entry;
  const sha256 = await packHandover(directory, built, { signal: job.signal });
  const words = ["place", "--from", directory, "--sha256", sha256, "--prefix", place.prefix];
  if ((await hive.elevation.run(job, place.elevate ?? "sudo", words, aloneHint(id))) === "user")
    return { instead: chooseInstallDir(hive.paths, { user: true }), built: { ...built, pkgDir: join(directory, "tree") } };
  const worker = await hive.stores.at(place.prefix).find(id);
  if (worker?.digest !== built.digest) throw fail("WORKER_NOT_INSTALLED", { id });
  return { worker };
}
