// What the static reader may see of the disk: the recipe's own directory, and nothing that a path or a link leads to outside it.
import { readdirSync, readFileSync, realpathSync, statSync } from "node:fs";
import { resolve, sep } from "node:path";
import type { Directory } from "./bash/shell.ts";

/** Largest file that a recipe may source. */
const maxSourceBytes = 256 * 1024;

/** The directory `path`, which is absolute and without links. */
export function recipeDirectory(path: string): Directory {
  return {
    names: () => namesIn(path),
    read: (name) => readInside(path, name),
    kind: (name) => kindInside(path, name),
  };
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}

/** The text of a file, if it is one and in the directory. */
function readInside(directory: string, name: string): string | undefined {
  if (kindInside(directory, name) !== "file") return undefined;
  const path = resolve(directory, name);
  return statSync(path).size <= maxSourceBytes ? readFileSync(path, "utf8") : undefined;
}

function kindInside(directory: string, name: string): ReturnType<Directory["kind"]> {
  if (name === "") return "missing";
  const path = resolve(directory, name);
  // A `..` after a link leads elsewhere than its text says, and a slash at the end asks for a directory.
  if (/\0|(?:^|\/)\.\.(?:\/|$)|\/$/.test(name) || !isInside(directory, path)) return undefined;
  try {
    const found = statSync(path, { throwIfNoEntry: false });
    if (found === undefined) return "missing";
    if (!isInside(directory, realpathSync(path))) return undefined;
    return found.isFile() ? "file" : found.isDirectory() ? "directory" : "other";
  } catch {
    // Not ours to look at: whoever may, answers.
    return undefined;
  }
}

const isInside = (directory: string, path: string) =>
  path === directory || path.startsWith(directory.endsWith(sep) ? directory : directory + sep);
