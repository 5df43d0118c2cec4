// Lends a recipe that only root may read to a reader who is not root: a copy of its directory that everybody may read.
import { chmodSync, copyFileSync, mkdirSync, readdirSync, readlinkSync, statSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { fail } from "../../errors.ts";

/** What a directory of recipes may hold; sources that were fetched beside one make it larger, and nobody reads those. */
const limits = { files: 2_000, bytes: 64 * 1024 * 1024 } as const;
/** Never read by a recipe, and large. */
const LEFT_OUT = [".git", ".svn", "src", "pkg"];

/** Copies `directory` to `to`, which does not exist; links stay links. @throws RECIPE_REFUSED for a directory that is too large to copy. */
export function lendCopy(directory: string, to: string): void {
  const left = { ...limits };
  copyInto(directory, to, left, () => {
    const reason = `only root may read it, and its directory is larger than ${limits.files} files or ${limits.bytes >> 20} MiB`;
    throw fail(
      "RECIPE_REFUSED",
      { file: join(directory, "PKGBUILD"), reason },
      { hint: `Let others read it: chmod -R a+rX '${directory}'` },
    );
  });
}

function copyInto(from: string, to: string, left: { files: number; bytes: number }, refuse: () => never): void {
  mkdirSync(to);
  chmodSync(to, 0o755);
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    const [source, target] = [join(from, entry.name), join(to, entry.name)];
    if (LEFT_OUT.includes(entry.name)) continue;
    if (--left.files < 0) refuse();
    if (entry.isDirectory()) copyInto(source, target, left, refuse);
    else if (entry.isSymbolicLink()) symlinkSync(readlinkSync(source), target);
    else if (entry.isFile()) {
      left.bytes -= statSync(source).size;
      if (left.bytes < 0) refuse();
      copyFileSync(source, target);
      chmodSync(target, 0o644);
    }
  }
}
