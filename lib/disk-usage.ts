// How much of the disk something takes, and how much is left, without holding up whoever asks.
import { existsSync, type StatsFs, statfsSync } from "node:fs";
import { lstat, readdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fail } from "./errors.ts";
import { formatBytes } from "./units.ts";

export interface Usage {
  readonly bytes: number;
  readonly files: number;
}

/** What lies at and below `path`; links are counted as links. What vanishes meanwhile or cannot be read counts nothing. */
export async function measure(path: string, signal?: AbortSignal): Promise<Usage> {
  signal?.throwIfAborted();
  const info = await lstat(path).catch(() => undefined);
  if (!info) return { bytes: 0, files: 0 };
  if (!info.isDirectory()) return { bytes: info.size, files: 1 };
  let sum: Usage = { bytes: 0, files: 0 };
  for (const name of await readdir(path).catch(() => [])) sum = add(sum, await measure(join(path, name), signal));
  return sum;
}

function add(a: Usage, b: Usage): Usage {
  return { bytes: a.bytes + b.bytes, files: a.files + b.files };
}

/** What the file system says on which `path` lies or will lie: it need not exist yet. */
export function fileSystemOf(path: string): StatsFs {
  let existing = path;
  while (!existsSync(existing) && dirname(existing) !== existing) existing = dirname(existing);
  return statfsSync(existing);
}

/** Bytes that can still be written at `path`. */
export function freeBytesAt(path: string): number {
  const { bavail, bsize } = fileSystemOf(path);
  return bavail * bsize;
}

/** Room that is left for others. */
const SPARE_BYTES = 64 << 20;

/** Asked before the first byte is written, so that a disk is not filled for nothing. @throws DISK_SHORT when `bytes` more do not fit where `directory` is or will be. */
export function requireRoom(directory: string, what: string, bytes: number): void {
  const free = freeBytesAt(directory) - SPARE_BYTES;
  if (bytes > free) throw fail("DISK_SHORT", { what, needed: formatBytes(bytes), free: formatBytes(Math.max(free, 0)), path: directory });
}
