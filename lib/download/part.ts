// The unfinished file of a download: which of its bytes are written, on disk as soon as they are, so that another process can go on.
import {
  closeSync,
  constants,
  fdatasync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from "node:fs";
import { basename, dirname } from "node:path";
import { z } from "zod";
import { PARTIAL, syncDirectory, writeFileAtomic } from "../atomic.ts";
import { requireRoom } from "../disk-usage.ts";

/** Bytes from `from` up to, not including, `to`. */
export interface Range {
  readonly from: number;
  readonly to: number;
}

/** A range that one connection is filling; what lies before `at` is written. */
export interface Claim extends Range {
  at: number;
}

const State = z.object({
  size: z.number().int().min(0).nullable(),
  etag: z.string(),
  written: z.array(z.tuple([z.number().int().min(0), z.number().int().min(0)])).max(65_536),
});

/** How often the state is written down while bytes come. */
const SAVE_MS = 1_000;
/** So much is sent to the disk at a time while more comes: what waits until the end would be waited for then. */
const FLUSH_BYTES = 32 << 20;

export class Part implements Disposable {
  /** The whole file's size; null while nobody has said it. */
  size: number | null = null;
  /** The strong ETag of what the bytes are of; empty when the server gives none. */
  etag = "";
  /** Bytes that are written. */
  done = 0;
  readonly #path: string;
  readonly #file: number;
  readonly #claims = new Set<Claim>();
  #written: Range[] = [];
  #savedAt = 0;
  #flushedAt = 0;
  #flush: Promise<void> | undefined;

  /** Opens what an earlier try left of `path`, or an empty one. */
  constructor(private readonly target: string) {
    this.#path = unfinished(target);
    this.#file = openSync(this.#path, constants.O_RDWR | constants.O_CREAT, 0o644);
    this.#load();
  }

  /** The first `limit` bytes that are neither written nor claimed; undefined when there are none. */
  claim(limit: number): Claim | undefined {
    let from = 0;
    for (const range of [...this.#written, ...this.#claims].sort((a, b) => a.from - b.from)) {
      if (range.from > from) return this.#take(from, Math.min(range.from, from + limit));
      from = Math.max(from, range.to);
    }
    const end = this.size ?? Number.POSITIVE_INFINITY;
    return from < end ? this.#take(from, Math.min(end, from + limit)) : undefined;
  }

  write(claim: Claim, bytes: Uint8Array): void {
    for (let written = 0; written < bytes.length; )
      written += writeSync(this.#file, bytes, written, bytes.length - written, claim.at + written);
    claim.at += bytes.length;
    this.done += bytes.length;
    if (this.done - this.#flushedAt >= FLUSH_BYTES) this.#startFlush();
    if (performance.now() - this.#savedAt > SAVE_MS) this.save();
  }

  release(claim: Claim): void {
    this.#claims.delete(claim);
    if (claim.at > claim.from) this.#written = merge([...this.#written, { from: claim.from, to: claim.at }]);
  }

  /** Up to where every byte from the first on is written. */
  get front(): number {
    const [first] = merge([...this.#written, ...[...this.#claims].map(({ from, at }) => ({ from, to: at }))]);
    return first?.from === 0 ? first.to : 0;
  }

  read(buffer: Uint8Array, at: number, length: number): number {
    return readSync(this.#file, buffer, 0, length, at);
  }

  /** @throws DISK_SHORT when the rest of a file of this size has no room. */
  requireRoom(size: number): void {
    requireRoom(dirname(this.target), basename(this.target), size - writtenBytes(this.target));
  }

  /** Forgets every byte: they are of another file, or cannot be trusted. */
  restart(): void {
    this.#written = [];
    this.size = null;
    this.etag = "";
    this.done = 0;
    this.#flushedAt = 0;
    ftruncateSync(this.#file, 0);
    this.save();
  }

  save(): void {
    const ranges = merge([...this.#written, ...[...this.#claims].map(({ from, at }) => ({ from, to: at }))]);
    const state = { size: this.size, etag: this.etag, written: ranges.map(({ from, to }) => [from, to]) };
    writeFileAtomic(this.#statePath, JSON.stringify(state));
    this.#savedAt = performance.now();
  }

  /** The file takes its name: it is whole. */
  finish(): void {
    fsyncSync(this.#file);
    renameSync(this.#path, this.target);
    rmSync(this.#statePath, { force: true });
    syncDirectory(dirname(this.target));
  }

  [Symbol.dispose](): void {
    const close = () => closeSync(this.#file);
    if (this.#flush) void this.#flush.then(close);
    else close();
  }

  /** One at a time; what goes wrong is told by the sync at the end. */
  #startFlush(): void {
    this.#flushedAt = this.done;
    this.#flush ??= new Promise<void>((resolve) => fdatasync(this.#file, () => resolve())).finally(() => {
      this.#flush = undefined;
    });
  }

  get #statePath(): string {
    return `${this.target}${PARTIAL}state`;
  }

  #take(from: number, to: number): Claim {
    const claim = { from, to, at: from };
    this.#claims.add(claim);
    return claim;
  }

  /** A state that says more than the file holds is not believed. */
  #load(): void {
    try {
      const state = State.parse(JSON.parse(readFileSync(this.#statePath, "utf8")));
      const held = fstatSync(this.#file).size;
      const ranges = merge(state.written.map(([from, to]) => ({ from, to })));
      if (ranges.some(({ from, to }) => from >= to || to > held)) return;
      this.size = state.size;
      this.etag = state.etag;
      this.#written = ranges;
      this.done = ranges.reduce((sum, { from, to }) => sum + to - from, 0);
      this.#flushedAt = this.done;
    } catch {
      // No state, or one that cannot be read: the download starts at its first byte.
    }
  }
}

/** What an earlier try to fetch `target` takes on the disk, in bytes. */
export function writtenBytes(target: string): number {
  return (statSync(unfinished(target), { throwIfNoEntry: false })?.blocks ?? 0) * 512;
}

function unfinished(target: string): string {
  return `${target}${PARTIAL}download`;
}

function merge(ranges: Range[]): Range[] {
  const merged: Range[] = [];
  for (const range of ranges.sort((a, b) => a.from - b.from)) {
    const last = merged.at(-1);
    if (last && range.from <= last.to) merged[merged.length - 1] = { from: last.from, to: Math.max(last.to, range.to) };
    else if (range.to > range.from) merged.push(range);
  }
  return merged;
}
