// What the commands about recipes share: their flags, and which file a word means.
import { statSync } from "node:fs";
import { join } from "node:path";
import { COMMON_ARGS } from "./commands.ts";

const { hive: _, ...local } = COMMON_ARGS;

/** The flags of every command, without the hive's address: these commands ask none. */
export const LOCAL_ARGS = local;

/** The recipe that a person means: the PKGBUILD in a directory, or a file. */
export function recipeAt(path: string): string {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ? path : join(path, "PKGBUILD");
}
