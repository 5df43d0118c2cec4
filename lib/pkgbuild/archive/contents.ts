// Everything that a package's directory holds, in the order in which makepkg archives it.
import { lstatSync, readlinkSync } from "node:fs";
import { relative } from "node:path";
import { fail } from "../../errors.ts";
import { walkAll } from "../../tree.ts";

export interface Content {
  /** Relative, without `./`. */
  readonly path: string;
  readonly type: "file" | "dir" | "link";
  /** Permission bits with setuid and its kin. */
  readonly mode: number;
  readonly size: number;
  /** Where a symbolic link points to. */
  readonly target?: string;
  /** The earlier path of which this is a second name. */
  readonly sameAs?: string;
}

/** Source: list_package_files in makepkg: all paths as one list of bytes in the order of the C locale. @throws PACKAGE_INVALID for what no package may hold. */
export function contentsOf(directory: string, worker: string): Content[] {
  const paths = [...walkAll(directory)].map((path) => relative(directory, path)).sort(byBytes);
  const firstNames = new Map<string, string>();
  return paths.map((path) => {
    const info = lstatSync(`${directory}/${path}`);
    refuseUnusable(path, info, worker);
    const mode = info.mode & 0o7777;
    if (info.isSymbolicLink()) return { path, type: "link", mode: 0o777, size: 0, target: readlinkSync(`${directory}/${path}`) };
    if (info.isDirectory()) return { path, type: "dir", mode, size: 0 };
    const key = `${info.dev}:${info.ino}`;
    const sameAs = info.nlink > 1 ? firstNames.get(key) : undefined;
    if (!sameAs) firstNames.set(key, path);
    return { path, type: "file", mode, size: info.size, ...(sameAs ? { sameAs } : {}) };
  });
}

/** Bytes of all files, those with several names once. Source: libmakepkg/util/dirsize.sh. */
export function sizeOfContents(contents: readonly Content[]): number {
  return contents.reduce((sum, { size, sameAs }) => sum + (sameAs ? 0 : size), 0);
}

/** Source: lint_package/dotfiles.sh and file_names.sh; alpm-package holds files, links and directories. */
function refuseUnusable(
  path: string,
  info: { isFile(): boolean; isDirectory(): boolean; isSymbolicLink(): boolean },
  worker: string,
): void {
  const reason = !(info.isFile() || info.isDirectory() || info.isSymbolicLink())
    ? "is no file, link or directory"
    : path.includes("\n")
      ? "has a line break in its name"
      : path.startsWith(".")
        ? "is a dot file in the package's root"
        : undefined;
  if (reason) throw fail("PACKAGE_INVALID", { id: worker, reason: `${JSON.stringify(path)} ${reason}` });
}

export function byBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
