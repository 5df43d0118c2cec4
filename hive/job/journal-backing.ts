// Where a journal's bytes lie: a file for jobs, memory for queries.
import { closeSync, ftruncateSync, openSync, readSync, renameSync, rmSync, truncateSync, writeSync } from "node:fs";
import { partialName } from "../../lib/atomic.ts";

export interface Backing {
  /** Writes at the end, which is at `from`. All or nothing. The bytes are the caller's again afterwards. */
  append(bytes: Uint8Array, from: number): void;
  /** Fewer bytes where the end is nearer. */
  read(from: number, to: number): Uint8Array;
  /** Replaces everything by these pieces, some new and some ranges of the old. */
  rewrite(pieces: readonly (Uint8Array | readonly [from: number, to: number])[]): void;
  cut(size: number): void;
  close(): void;
}

/** Pieces as they were appended: nothing is moved while it grows. */
export function memoryBacking(): Backing {
  let pieces: { readonly from: number; readonly bytes: Uint8Array }[] = [];
  let size = 0;
  const append = (bytes: Uint8Array) => {
    pieces.push({ from: size, bytes: new Uint8Array(bytes) });
    size += bytes.length;
  };
  const read = (from: number, to: number) => {
    const found: Uint8Array[] = [];
    for (let at = lastAtOrBefore(pieces, from); at < pieces.length && pieces[at]!.from < to; at++) {
      const { from: begins, bytes } = pieces[at]!;
      found.push(bytes.subarray(Math.max(0, from - begins), to - begins));
    }
    return found.length === 1 ? found[0]! : Buffer.concat(found);
  };
  return {
    append,
    read,
    rewrite: (parts) => {
      const all = Buffer.concat(parts.map((part) => (isRange(part) ? read(...part) : part)));
      pieces = [];
      size = 0;
      append(all);
    },
    cut: (to) => {
      const rest = read(0, to);
      pieces = [];
      size = 0;
      append(rest);
    },
    close: () => {},
  };
}

/** The place of the last piece that begins at `offset` or before it. */
function lastAtOrBefore(pieces: readonly { readonly from: number }[], offset: number): number {
  let low = 0;
  let high = pieces.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (pieces[middle]!.from <= offset) low = middle + 1;
    else high = middle;
  }
  return Math.max(0, low - 1);
}

/** A file that is only ever appended to, or rewritten whole. A descriptor is held while it is written, none by readers. */
export function fileBacking(path: string): Backing {
  let file: number | undefined;
  const open = () => (file ??= openSync(path, "a+", 0o600));
  const close = () => {
    if (file !== undefined) closeSync(file);
    file = undefined;
  };
  return {
    append: (bytes, from) => {
      try {
        writeAll(open(), bytes);
      } catch (error) {
        // Half an event would run into the next one.
        if (file !== undefined) ftruncateSync(file, from);
        throw error;
      }
    },
    read: (from, to) => (file === undefined ? withFile(path, (own) => readAll(own, from, to)) : readAll(file, from, to)),
    rewrite: (pieces) => {
      const partial = partialName(path);
      try {
        const old = open();
        withFile(
          partial,
          (own) => {
            for (const piece of pieces) writeAll(own, isRange(piece) ? readAll(old, ...piece) : piece);
          },
          "wx",
        );
        renameSync(partial, path);
      } catch (error) {
        rmSync(partial, { force: true });
        throw error;
      }
      close();
    },
    cut: (size) => truncateSync(path, size),
    close,
  };
}

function isRange(piece: Uint8Array | readonly [number, number]): piece is readonly [number, number] {
  return Array.isArray(piece);
}

function withFile<Result>(path: string, action: (file: number) => Result, flags = "r"): Result {
  const file = openSync(path, flags, 0o600);
  try {
    return action(file);
  } finally {
    closeSync(file);
  }
}

function writeAll(file: number, bytes: Uint8Array): void {
  for (let written = 0; written < bytes.length; ) written += writeSync(file, bytes, written);
}

function readAll(file: number, from: number, to: number): Uint8Array {
  const bytes = new Uint8Array(to - from);
  let got = 0;
  while (got < bytes.length) {
    const count = readSync(file, bytes, got, bytes.length - got, from + got);
    if (count === 0) break;
    got += count;
  }
  return bytes.subarray(0, got);
}
