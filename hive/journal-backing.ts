// Where a journal's bytes lie: a file for jobs, memory for queries.
import { closeSync, ftruncateSync, openSync, readSync, renameSync, rmSync, truncateSync, writeSync } from "node:fs";
import { partialName } from "../lib/atomic.ts";

export interface Backing {
  /** Writes at the end, which is at `from`. All or nothing. */
  append(bytes: Uint8Array, from: number): void;
  /** Fewer bytes where the end is nearer. */
  read(from: number, to: number): Uint8Array;
  /** Replaces everything by these pieces, some new and some ranges of the old. */
  rewrite(pieces: readonly (Uint8Array | readonly [from: number, to: number])[]): void;
  cut(size: number): void;
  close(): void;
}

export function memoryBacking(): Backing {
  let content = Buffer.alloc(1_024);
  let size = 0;
  const append = (bytes: Uint8Array) => {
    if (size + bytes.length > content.length) content = Buffer.concat([content, Buffer.alloc(Math.max(content.length, bytes.length))]);
    content.set(bytes, size);
    size += bytes.length;
  };
  return {
    append,
    read: (from, to) => content.subarray(from, Math.min(to, size)),
    rewrite: (pieces) => {
      const all = Buffer.concat(pieces.map((piece) => (isRange(piece) ? content.subarray(...piece) : piece)));
      size = 0;
      append(all);
    },
    cut: (to) => {
      size = to;
    },
    close: () => {},
  };
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
