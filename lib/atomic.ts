// Files that are whole or absent, whatever happens while they are written.
import { randomBytes } from "node:crypto";
import { closeSync, fsyncSync, mkdirSync, openSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";

/** Marks a file or directory that is being written; recovery sweeps those that nobody finished. */
export const PARTIAL = ".rbee-part-";

/** A name beside `path` for its unfinished form: same directory, so that rename(2) can replace it in one step. */
export function partialName(path: string): string {
  return `${path}${PARTIAL}${randomBytes(6).toString("hex")}`;
}

/** Writes a file beside its place, syncs it and renames it over; makes the directory when missing. Throws what the file system says, leaving nothing. */
export function writeFileAtomic(path: string, content: string | Uint8Array, mode = 0o644): void {
  mkdirSync(dirname(path), { recursive: true });
  const partial = partialName(path);
  try {
    const file = openSync(partial, "wx", mode);
    try {
      writeFileSync(file, content);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(partial, path);
  } catch (error) {
    rmSync(partial, { force: true });
    throw error;
  }
  syncDirectory(dirname(path));
}

/** Makes renames in a directory survive a power cut, see fsync(2). A file system that cannot is left to itself. */
export function syncDirectory(path: string): void {
  try {
    const directory = openSync(path, "r");
    try {
      fsyncSync(directory);
    } finally {
      closeSync(directory);
    }
  } catch {
    // Windows, and some network file systems, have no fsync for directories.
  }
}
