// worker_import and worker_import_plan: a worker that was built on another machine, checked to the last byte before it is installed.
import { basename, join } from "node:path";
import { bytesOf, type Manifest } from "../../lib/bundle/manifest.ts";
import { readBundle, unpackBundle } from "../../lib/bundle/read.ts";
import type { Input, Output } from "../../lib/contract/operations.ts";
import { fail } from "../../lib/errors.ts";
import { chooseInstallDir, isOnPath, type Place } from "../../lib/install-dir.ts";
import { reasonsAgainstKind } from "../../lib/machine/kind.ts";
import { checkPlatform } from "../../lib/machine/platform.ts";
import { removeTree } from "../../lib/tree.ts";
import type { Hive } from "../hive.ts";
import type { JobContext } from "../job.ts";
import { putInPlace, takeInstalled } from "./put-in-place.ts";

type Import = Input<"worker_import">;

export async function importPlan(_: Hive, job: JobContext, { file }: Input<"worker_import_plan">): Promise<Output<"worker_import_plan">> {
  const { manifest, digest } = await readBundle(file, job.signal);
  const { entry, origin, built_on, built_at, files } = manifest;
  const { id, version, description } = entry;
  const unfit = reasonsAgainstKind(built_on);
  return { id, version, description, origin, digest, built_on, built_at, files: files.length, bytes: bytesOf(manifest), unfit };
}

export async function workerImport(hive: Hive, job: JobContext, input: Import): Promise<Output<"worker_import">> {
  const scratch = join(hive.paths.cache, "build", job.id);
  job.finally("Cleanup temp files", () => removeTree(scratch));
  const bundle = await job.step("Read bundle", () => readBundle(input.file, job.signal));
  const { manifest } = bundle;
  const { entry, digest } = manifest;
  requireConfirmation(bundle.digest, manifest, input);
  await job.step("Check platform", () => checkMachine(job, manifest, input));
  const place = await job.step("Preflight check", () => preflight(hive, job, manifest, input));
  const present = (await hive.stores.at(place.prefix).find(entry.id)).find((version) => version.digest === digest);
  if (present && !input.force) return takeInstalled(hive, job, present, ["Unpack and verify"]);
  const files = join(scratch, "files");
  const unpacked = await job.step("Unpack and verify", () => unpackBundle(input.file, files, job.signal));
  requireConfirmation(unpacked.digest, manifest, input);
  const origin = `${basename(input.file)} (${manifest.origin})`;
  const worker = await putInPlace(
    hive,
    job,
    { entry, digest, origin, files, builtOn: manifest.built_on },
    { place, skipProbe: input.skip_probe, scratch },
  );
  return { worker, already_installed: false, on_path: isOnPath(place.bin, hive.env.PATH ?? "") };
}

/** Whoever installs it has seen what it says of itself: the digest stands for every byte. */
function requireConfirmation(digest: string, { entry }: Manifest, { file, bundle_digest }: Import): void {
  const hint = "When you trust whoever made the file, add --yes";
  if (bundle_digest === undefined) throw fail("CONFIRMATION_NEEDED", { what: entry.id, origin: file }, { hint, data: { digest } });
  if (bundle_digest !== digest) throw fail("BUNDLE_CHANGED", { file }, { data: { digest } });
}

function checkMachine(job: JobContext, { entry, built_on }: Manifest, { force }: Import): void {
  checkPlatform(entry);
  const reasons = reasonsAgainstKind(built_on);
  if (reasons.length === 0) return;
  if (!force) throw fail("MACHINE_DIFFERS", { id: entry.id, version: entry.version, reasons: reasons.join("; ") });
  for (const reason of reasons) job.note(`Installed all the same: ${reason}`, "warn");
}

async function preflight(hive: Hive, job: JobContext, { entry, digest }: Manifest, input: Import): Promise<Place> {
  const place = chooseInstallDir(hive.paths, input);
  const store = hive.stores.at(place.prefix);
  store.checkLink(entry.binary_name);
  await store.checkPin(entry.id, digest);
  if (place.note) job.note(place.note);
  job.note(`✓ Will install to: ${place.bin}`);
  return place;
}
