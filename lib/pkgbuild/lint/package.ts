// Checks a built tree as makepkg does before it packs one (libmakepkg lint_package/*.sh).
import { createReadStream, lstatSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Problem } from "./problem.ts";
import type { RuleCode } from "./rules.ts";

export interface BuiltTree {
  /** What becomes the package. */
  readonly pkgDir: string;
  /** Where it was built; files that name one of the two directories tell others about this machine. */
  readonly srcDir: string;
  /** The recipe's backup entries, relative to the root of the package. */
  readonly backup?: readonly string[];
  readonly signal?: AbortSignal;
}

/** Every problem of the tree; `file` is relative to its root. makepkg refuses to pack where one of them is an error. */
export async function lintPackage(tree: BuiltTree): Promise<Problem[]> {
  const paths = [...pathsIn(tree.pkgDir)];
  return [...dotfiles(paths), ...fileNames(paths), ...missingBackup(tree), ...(await buildReferences(tree, paths))];
}

/** Everything in the tree, each directory before what is in it; links are not followed. */
function* pathsIn(root: string, directory = ""): Iterable<string> {
  const entries = readdirSync(join(root, directory), { withFileTypes: true });
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = join(directory, entry.name);
    yield path;
    if (entry.isDirectory()) yield* pathsIn(root, path);
  }
}

const about = (file: string, code: RuleCode, severity: Problem["severity"], message: string): Problem => ({
  ...{ file, line: 1, column: 1, code, message, severity },
});

const dotfiles = (paths: readonly string[]): Problem[] =>
  paths
    .filter((path) => path.startsWith(".") && !path.includes("/"))
    .map((path) => about(path, "check_dotfiles", "error", `Dotfile found in package root '${path}'`));

const fileNames = (paths: readonly string[]): Problem[] =>
  paths
    .filter((path) => path.includes("\n"))
    .map((path) => about(path, "lint_file_names", "error", `Package contains a path with a newline: ${JSON.stringify(path)}`));

const missingBackup = ({ pkgDir, backup = [] }: BuiltTree): Problem[] =>
  backup
    .filter((path) => !isFile(join(pkgDir, path)))
    .map((path) => about(path, "warn_missing_backup", "warning", `backup entry file not in package : ${path}`));

async function buildReferences({ pkgDir, srcDir, signal }: BuiltTree, paths: readonly string[]): Promise<Problem[]> {
  const places = { srcdir: srcDir, pkgdir: pkgDir };
  const found: Problem[] = [];
  for (const path of paths) {
    signal?.throwIfAborted();
    // A link's file is looked at where it lies; `find -type f` follows none.
    if (!lstatSync(join(pkgDir, path)).isFile()) continue;
    for (const name of await referencesIn(join(pkgDir, path), places))
      found.push(about(path, "warn_build_references", "warning", `Package contains reference to $${name}`));
  }
  return found;
}

/** Which of `places` a file of any size mentions; the end of each piece is looked at again with the next. */
async function referencesIn(file: string, places: Readonly<Record<string, string>>): Promise<string[]> {
  const longest = Math.max(...Object.values(places).map((text) => Buffer.byteLength(text)));
  const found = new Set<string>();
  let kept = Buffer.alloc(0);
  for await (const piece of createReadStream(file)) {
    const bytes = Buffer.concat([kept, piece as Buffer]);
    for (const [name, text] of Object.entries(places)) if (bytes.includes(text)) found.add(name);
    kept = bytes.subarray(Math.max(0, bytes.length - longest + 1));
  }
  return [...found];
}

const isFile = (path: string) => statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
