// How much of the disk something takes, without holding up whoever asks.
import { lstat, readdir } from "node:fs/promises";
import { join } from "node:path";

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
