// What people write for a catalog: a directory, an address, a git repository at a commit.
import { resolve } from "node:path";
import { fail } from "../errors.ts";
import { parseSource, type Source } from "../pkgbuild/source.ts";

export type CatalogPlace =
  | { readonly kind: "directory"; readonly path: string }
  | { readonly kind: "url"; readonly url: string }
  | { readonly kind: "git"; readonly source: Source; readonly commit: string; readonly origin: string };

const COMMIT = /^([0-9a-f]{40}|[0-9a-f]{64})$/;

/** @throws CATALOG_PLACE for an address of another kind, and for a repository that is not named at a whole commit. */
export function parseCatalogPlace(written: string): CatalogPlace {
  if (/^https?:\/\//i.test(written)) return { kind: "url", url: written.replace(/\/+$/, "") };
  if (/^git\+/i.test(written)) return parseGit(written);
  if (/^[a-z][a-z0-9+.-]*:/i.test(written) && !/^[a-z]:[\\/]/i.test(written)) throw wrong(written, "no catalog is reached that way");
  return { kind: "directory", path: resolve(written) };
}

/** A directory as one that means the same from anywhere; the others as they are. @throws CATALOG_PLACE. */
export function absoluteCatalogPlace(written: string): string {
  const place = parseCatalogPlace(written);
  return place.kind === "directory" ? place.path : written;
}

/** A branch or tag can become other code from one day to the next; a commit cannot. */
function parseGit(written: string): CatalogPlace {
  const source = readSource(written);
  if (source.ref?.type !== "commit" || !COMMIT.test(source.ref.name))
    throw wrong(written, "a repository is named at a whole commit (#commit= and 40 hexadecimal characters)");
  return { kind: "git", source, commit: source.ref.name, origin: `git+${source.url}#commit=${source.ref.name}` };
}

/** The rules of a recipe's sources: no transport and no word that would run a program of the address's choosing. */
function readSource(written: string): Source {
  try {
    return parseSource(`catalog::${written}`);
  } catch (error) {
    throw fail("CATALOG_PLACE", { place: written, reason: "it cannot be used as the address of a repository" }, { cause: error });
  }
}

function wrong(place: string, reason: string) {
  return fail("CATALOG_PLACE", { place, reason });
}
