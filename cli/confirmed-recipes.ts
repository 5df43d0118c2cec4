// The recipes that a person of this machine has read and confirmed, by digest: each is asked about once.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { writeFileAtomic } from "../lib/atomic.ts";
import { containedPath, pathsFrom } from "../lib/paths.ts";

/** An empty file for each digest: adding one needs no lock. */
export function confirmedRecipes(): { has(digest: string): boolean; add(digest: string): void } {
  const directory = join(pathsFrom().state, "confirmed-recipes");
  return {
    has: (digest) => existsSync(containedPath(directory, digest)),
    add: (digest) => writeFileAtomic(containedPath(directory, digest), "", 0o600),
  };
}
