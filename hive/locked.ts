// What rbee.lock holds of a worker or a model, made from what is here now, and what has changed since it was written.
import { basename, relative } from "node:path";
import { canonicalJson } from "../lib/canonical-json.ts";
import type { Offer } from "../lib/catalog.ts";
import type { LockedModel, LockedWorker } from "../lib/contract/lock.ts";
import type { Model } from "../lib/contract/views.ts";
import { fail } from "../lib/errors.ts";
import { digestOf, hashFile } from "../lib/hash.ts";
import { CachedRepository } from "../lib/hub/cache.ts";
import type { Recipe } from "../lib/pkgbuild/recipe.ts";
import { parseSource } from "../lib/pkgbuild/source.ts";
import { BUILT_IN } from "./catalog/builtin.ts";

export function lockedWorker(
  { entry, catalog }: Offer,
  { recipe, digest }: { readonly recipe: Recipe; readonly digest: string },
): LockedWorker {
  const isPlaceElsewhere = catalog.isRemote || catalog.origin === BUILT_IN;
  return {
    version: entry.version,
    ...(isPlaceElsewhere ? { origin: catalog.origin } : {}),
    entry: digestOf([canonicalJson(entry)]),
    recipe: digest,
    sources: Object.assign({}, ...entry.architectures.map((architecture) => pinsOf(recipe, architecture))),
  };
}

/** The sources that nothing holds: what they are tomorrow may be something else. */
export function unpinned({ sources }: LockedWorker): string[] {
  return Object.entries(sources).flatMap(([written, pins]) => (pins.length === 0 ? [written] : []));
}

export async function lockedModel(model: Model, signal: AbortSignal): Promise<LockedModel> {
  const { repository, kept, source } = model;
  const named = model.files.map((file) => [nameIn(model, file), file] as const);
  const files: Record<string, string> = {};
  for (const [name, file] of named) files[name] = await sha256Of(model, file, signal);
  return {
    ...(kept === "cached" ? { source: model.id } : kept === "downloaded" ? { source } : {}),
    ...(repository ? { commit: repository.commit } : {}),
    files,
  };
}

/** @throws LOCK_MISMATCH saying everything that differs. */
export function requireWorkerAsLocked(id: string, locked: LockedWorker, now: LockedWorker): void {
  const differences = [
    ...(locked.version === now.version ? [] : [`version ${locked.version} is now ${now.version}`]),
    ...differencesOf(locked.sources, now.sources, (pins) => pins.join(" ") || "not pinned").map((words) => `source ${words}`),
    ...(locked.entry === now.entry ? [] : ["its entry changed"]),
    // The recipe's digest covers the entry: alone it tells of the PKGBUILD and the files beside it.
    ...(locked.recipe === now.recipe || locked.entry !== now.entry ? [] : ["its PKGBUILD or a file beside it changed"]),
  ];
  if (differences.length > 0) throw mismatch(id, differences, `rbee worker lock ${id}`);
}

/** `files` has the checksums that are known; a file without one (undefined) is only compared by name. @throws LOCK_MISMATCH. */
export function requireFilesAsLocked(id: string, locked: LockedModel, files: Readonly<Record<string, string | undefined>>): void {
  const known = Object.fromEntries(Object.entries(files).map(([name, sum]) => [name, sum ?? locked.files[name] ?? "unknown"]));
  const differences = differencesOf(locked.files, known, (sum) => sum.slice(0, 12)).map((words) => `file ${words}`);
  if (differences.length > 0) throw mismatch(id, differences, `rbee worker lock --model ${id}`);
}

function mismatch(what: string, differences: string[], again: string) {
  return fail("LOCK_MISMATCH", { what, differences: differences.join("; "), again }, { data: { differences } });
}

function differencesOf<Value>(
  locked: Readonly<Record<string, Value>>,
  now: Readonly<Record<string, Value>>,
  write: (value: Value) => string,
): string[] {
  return [...new Set([...Object.keys(locked), ...Object.keys(now)])].sort().flatMap((key) => {
    const [before, after] = [locked, now].map((record) => (Object.hasOwn(record, key) ? write(record[key]!) : undefined));
    if (before === after) return [];
    return [after === undefined ? `${key} is gone` : before === undefined ? `${key} is new` : `${key} was ${before}, is now ${after}`];
  });
}

/** Every source with what it is pinned by. */
function pinsOf(recipe: Recipe, architecture: string): Record<string, string[]> {
  const lists = recipe.checksumsFor(architecture);
  const pins = recipe.sourceFor(architecture).map((written, index) => {
    const { ref } = parseSource(written);
    const sums = lists.flatMap(({ algo, sums }) => (sums[index] && sums[index] !== "SKIP" ? [`${algo}:${sums[index].toLowerCase()}`] : []));
    return [written, ref?.type === "commit" ? [`commit:${ref.name}`] : sums];
  });
  return Object.fromEntries(pins);
}

/** The file as its repository calls it, or its name. */
function nameIn({ repository }: Model, file: string): string {
  if (!repository) return basename(file);
  return relative(new CachedRepository(repository.cache, repository.name).snapshot(repository.commit), file);
}

/** A large file of a Hub is kept under its SHA-256, which was checked when it came. */
async function sha256Of({ repository }: Model, file: string, signal: AbortSignal): Promise<string> {
  const kept = repository && new CachedRepository(repository.cache, repository.name).sha256Of(file);
  return kept ?? hashFile(file, "sha256", { signal });
}
