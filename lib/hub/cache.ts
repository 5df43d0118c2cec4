// The Hub's own cache layout, shared with every other client: blobs by checksum, snapshots as links to them, refs to commits.
// Source: huggingface_hub, "Understand caching".
import {
  copyFileSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
} from "node:fs";
import { basename, dirname, join, relative, resolve } from "node:path";
import { writeFileAtomic } from "../atomic.ts";
import { containedPath, isInside } from "../paths.ts";
import { removeTree } from "../tree.ts";

const COMMIT = /^[0-9a-f]{40}$/;

/** The directory of one repository in the cache. */
export class CachedRepository {
  readonly path: string;

  constructor(
    readonly cache: string,
    readonly repo: string,
  ) {
    this.path = join(cache, `models--${repo.replaceAll("/", "--")}`);
  }

  blob(etag: string): string {
    return containedPath(join(this.path, "blobs"), etag);
  }

  /** Held while a blob is written; beside the locks of other clients. */
  lock(etag: string): string {
    return join(this.cache, ".locks", basename(this.path), `${etag}.rbee.lock`);
  }

  snapshot(commit: string): string {
    return join(this.path, "snapshots", commit);
  }

  /** A file of a snapshot; a blob may lie there under several names. */
  file(commit: string, path: string): string {
    return containedPath(this.snapshot(commit), path);
  }

  /** Makes a blob visible in a snapshot: as a link, where links cannot be made as a second name or a copy. */
  link(commit: string, path: string, etag: string): void {
    const file = this.file(commit, path);
    const blob = this.blob(etag);
    mkdirSync(dirname(file), { recursive: true });
    if (lstatSync(file, { throwIfNoEntry: false })?.isSymbolicLink() && resolve(dirname(file), readlinkSync(file)) === blob) return;
    rmSync(file, { force: true });
    try {
      symlinkSync(relative(dirname(file), blob), file);
    } catch {
      tryLink(blob, file);
    }
  }

  /** Which commit a branch or tag was at when it was last asked for; undefined when nobody asked. */
  commitOf(revision: string): string | undefined {
    if (COMMIT.test(revision)) return existsSync(this.snapshot(revision)) ? revision : undefined;
    try {
      const commit = readFileSync(containedPath(join(this.path, "refs"), revision), "utf8").trim();
      return COMMIT.test(commit) ? commit : undefined;
    } catch {
      return undefined;
    }
  }

  rememberCommit(revision: string, commit: string): void {
    if (revision !== commit) writeFileAtomic(containedPath(join(this.path, "refs"), revision), commit);
  }

  /** The files of a snapshot whose blobs are here, with the blobs' names. */
  filesOf(commit: string): { path: string; size: number; etag: string; isLarge: boolean }[] {
    return walk(this.snapshot(commit)).flatMap((file) => {
      const size = statSync(file, { throwIfNoEntry: false })?.size;
      if (size === undefined) return [];
      const etag = lstatSync(file).isSymbolicLink() ? basename(readlinkSync(file)) : "";
      return [{ path: relative(this.snapshot(commit), file).replaceAll("\\", "/"), size, etag, isLarge: etag.length === 64 }];
    });
  }

  /** The SHA-256 of a file that the Hub keeps as a large one: the name of its blob, which was checked when it came. */
  sha256Of(file: string): string | undefined {
    const name = basename(target(file));
    return /^[0-9a-f]{64}$/.test(name) && isInside(this.path, target(file)) ? name : undefined;
  }

  /** Bytes of the blobs that nothing but these files refers to. */
  freedBy(files: readonly string[]): number {
    return this.#blobsOf(files).reduce((sum, blob) => sum + (statSync(blob, { throwIfNoEntry: false })?.size ?? 0), 0);
  }

  /** Takes files out of their snapshots and frees the blobs that no snapshot refers to any more. */
  remove(files: readonly string[]): void {
    for (const path of [...files, ...this.#blobsOf(files)]) if (isInside(this.path, path)) rmSync(path, { force: true });
    for (const commit of namesIn(join(this.path, "snapshots")))
      if (walk(this.snapshot(commit)).length === 0) removeTree(this.snapshot(commit));
    const isEmpty = namesIn(join(this.path, "snapshots")).length + namesIn(join(this.path, "blobs")).length === 0;
    if (isEmpty) removeTree(this.path);
  }

  /** The blobs that nothing but these files refers to; a file that is no link is its own bytes. */
  #blobsOf(files: readonly string[]): string[] {
    const going = new Set(files);
    const staying = new Set(
      walk(join(this.path, "snapshots"))
        .filter((file) => !going.has(file))
        .map(target),
    );
    return [...new Set(files.map(target))].filter((blob) => isInside(this.path, blob) && !staying.has(blob));
  }
}

/** The repositories that a cache holds. */
export function cachedRepositories(cache: string): CachedRepository[] {
  return namesIn(cache)
    .filter((name) => name.startsWith("models--"))
    .map((name) => new CachedRepository(cache, name.slice("models--".length).replace("--", "/")));
}

/** What a snapshot's file leads to. */
function target(file: string): string {
  return lstatSync(file, { throwIfNoEntry: false })?.isSymbolicLink() ? resolve(dirname(file), readlinkSync(file)) : file;
}

function tryLink(blob: string, file: string): void {
  try {
    linkSync(blob, file);
  } catch {
    copyFileSync(blob, file);
  }
}

/** Every file below a directory, links among them. */
function walk(directory: string): string[] {
  if (!existsSync(directory)) return [];
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name));
}

function namesIn(directory: string): string[] {
  return existsSync(directory) ? readdirSync(directory) : [];
}
