// Finds the recipes below given directories; a sample is chosen by a hash of the path, so that it is the same in every run.
import { createHash } from "node:crypto";
import { join, resolve } from "node:path";

/** Directories with a PKGBUILD below `root`, at most `limit`, in an order that does not depend on names. */
export async function recipeDirs(root: string, limit = Number.POSITIVE_INFINITY): Promise<string[]> {
  const found: { dir: string; rank: string }[] = [];
  for await (const path of new Bun.Glob("**/PKGBUILD").scan({ cwd: resolve(root), onlyFiles: true, dot: false })) {
    found.push({ dir: join(resolve(root), path, ".."), rank: createHash("sha1").update(path).digest("hex") });
  }
  found.sort((a, b) => (a.rank < b.rank ? -1 : 1));
  return found.slice(0, limit).map((each) => each.dir);
}
