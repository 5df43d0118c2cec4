// A worker's recipe on its way from a catalog to a build: fetched into a directory, read, and known by a digest.
import { randomUUID } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { canonicalJson } from "../lib/canonical-json.ts";
import { findOffer, type Offer } from "../lib/catalog.ts";
import type { Entry } from "../lib/contract/entry.ts";
import { fail } from "../lib/errors.ts";
import { digestOf } from "../lib/hash.ts";
import { containedPath } from "../lib/paths.ts";
import { refuseAsMakepkg } from "../lib/pkgbuild/lint.ts";
import { readRecipe } from "../lib/pkgbuild/read.ts";
import type { Recipe } from "../lib/pkgbuild/recipe.ts";
import { parseSource } from "../lib/pkgbuild/source.ts";
import { removeTree } from "../lib/tree.ts";
import type { Hive } from "./hive.ts";

export interface FetchedRecipe {
  readonly recipe: Recipe;
  readonly text: string;
  /** SHA-256 of entry, PKGBUILD and local files: what a person confirms and what names an installed tree. */
  readonly digest: string;
  /** Local files beside the PKGBUILD. */
  readonly files: readonly string[];
}

/** Writes the PKGBUILD into `directory` (made when missing) and returns its text. @throws WORKER_NOT_FOUND when the catalog has none. */
export async function downloadRecipe({ entry, catalog }: Offer, directory: string, signal: AbortSignal): Promise<string> {
  const bytes = await catalog.file(entry.id, "PKGBUILD", signal);
  if (!bytes) throw fail("ENTRY_INVALID", { id: entry.id, reason: `${catalog.origin} has no PKGBUILD for it` });
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, "PKGBUILD"), bytes);
  return new TextDecoder().decode(bytes);
}

/** Reads the PKGBUILD in `directory` and brings the local files that it names. @throws RECIPE_INVALID, RECIPE_REFUSED, SOURCE_UNAVAILABLE. */
export async function parseRecipe({ entry, catalog }: Offer, directory: string, text: string, signal: AbortSignal): Promise<FetchedRecipe> {
  const recipe = await readRecipe(join(directory, "PKGBUILD"), { signal });
  const files = localFiles(recipe);
  const parts: (string | Uint8Array)[] = [canonicalJson(entry), text];
  for (const name of files) {
    const bytes = await catalog.file(entry.id, name, signal);
    if (!bytes) throw fail("SOURCE_UNAVAILABLE", { url: name, reason: `${catalog.origin} has no such file for ${entry.id}` });
    writeFileSync(containedPath(directory, name), bytes);
    parts.push(name, bytes);
  }
  refuseAsMakepkg(recipe);
  return { recipe, text, files, digest: digestOf(parts) };
}

/** The files that must lie beside the PKGBUILD: those that `source`, `install` and `changelog` name, and no others. */
function localFiles(recipe: Recipe): string[] {
  const sources = recipe.source.map(parseSource).filter(({ kind }) => kind === "local");
  const named = [...sources.map(({ name }) => name), recipe.install, recipe.changelog].filter((name) => name !== undefined);
  return [...new Set(named)].sort();
}

/** The PKGBUILD as a catalog server hands it out. @throws WORKER_NOT_FOUND. */
export async function recipeText(hive: Hive, id: string, signal: AbortSignal): Promise<Response> {
  const offer = await findOffer(hive.catalogs, id, signal);
  return inScratch(hive, async (directory) => {
    const text = await downloadRecipe(offer, directory, signal);
    return new Response(text, { headers: { "content-type": "text/plain; charset=utf-8" } });
  });
}

/** A local file that the recipe names, as a catalog server hands it out. @throws WORKER_NOT_FOUND, FILE_NOT_FOUND. */
export async function recipeFile(hive: Hive, id: string, name: string, signal: AbortSignal): Promise<Response> {
  const offer = await findOffer(hive.catalogs, id, signal);
  return inScratch(hive, async (directory) => {
    await downloadRecipe(offer, directory, signal);
    const named = localFiles(await readRecipe(join(directory, "PKGBUILD"), { signal }));
    const bytes = named.includes(name) ? await offer.catalog.file(id, name, signal) : undefined;
    if (!bytes) throw fail("FILE_NOT_FOUND", { path: name });
    return new Response(bytes, { headers: { "content-type": "application/octet-stream" } });
  });
}

/** The recipe of an offer, read without building anything. @throws what {@link downloadRecipe} and {@link parseRecipe} throw. */
export function readOffer(hive: Hive, offer: Offer, signal: AbortSignal): Promise<FetchedRecipe> {
  return inScratch(hive, async (directory) => parseRecipe(offer, directory, await downloadRecipe(offer, directory, signal), signal));
}

/** Everything that entry and recipe together want to have installed, as they write it; not `bun`, which rbee itself puts on a build's PATH. */
export function needsOf(entry: Entry, recipe: Recipe): string[] {
  const names = [...entry.depends, ...entry.makedepends, ...recipe.depends, ...recipe.makedepends, ...recipe.checkdepends];
  return names.filter((name) => !/^bun([<>=:]|$)/.test(name));
}

/** Lends a directory for a moment. It lies where recovery sweeps. */
async function inScratch<Result>({ paths }: Pick<Hive, "paths">, use: (directory: string) => Promise<Result>): Promise<Result> {
  const directory = join(paths.cache, "build", `scratch-${randomUUID()}`);
  try {
    return await use(directory);
  } finally {
    removeTree(directory);
  }
}
