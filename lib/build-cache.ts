// What was built on this machine, kept so that the same need not be built twice: one bundle for each recipe with all that went into it.
import { existsSync, readdirSync, rmSync, statSync, utimesSync } from "node:fs";
import { join } from "node:path";
import { PARTIAL } from "./atomic.ts";
import { type Bundle, unpackBundle } from "./bundle/read.ts";
import { type BundleContent, writeBundle } from "./bundle/write.ts";
import { RbeeError } from "./errors.ts";
import { tryLock } from "./lock.ts";
import { sizeOf } from "./tree.ts";

const SUFFIX = ".tar.zst";
/** A file that is being written is not older than this; an older one was left by a crash. */
const PARTIAL_MS = 24 * 3_600_000;

/** Any number of hives share a cache: a bundle is whole or absent, and what one takes away the other builds. */
export class BuildCache {
  constructor(
    readonly directory: string,
    /** Bytes of all bundles together; the least recently used give way. Undefined is no limit, 0 keeps none. */
    readonly limitBytes: number | undefined,
  ) {}

  /** Unpacks what is kept under a key, checked to the last byte. Undefined when there is nothing; a damaged bundle is removed and told. */
  async take(key: string, into: string, how: { signal?: AbortSignal; onDamage: (message: string) => void }): Promise<Bundle | undefined> {
    const path = this.#path(key);
    if (this.limitBytes === 0 || !existsSync(path)) return undefined;
    try {
      const bundle = await unpackBundle(path, into, how.signal);
      const now = new Date();
      utimesSync(path, now, now);
      return bundle;
    } catch (error) {
      if (!(error instanceof RbeeError) || how.signal?.aborted) throw error;
      rmSync(path, { force: true });
      if (error.code !== "FILE_NOT_FOUND") how.onDamage(error.message);
      return undefined;
    }
  }

  /** Keeps what was built under a key. False when it is larger than the cache may become. */
  async put(key: string, content: BundleContent, signal?: AbortSignal): Promise<boolean> {
    // Packed it is smaller, but how much is known only afterwards.
    if (this.limitBytes !== undefined && sizeOf(content.root) > this.limitBytes) return false;
    await writeBundle(this.#path(key), content, { signal });
    this.#trim();
    return true;
  }

  /** One hive at a time; another one that comes meanwhile leaves it to the first. */
  #trim(): void {
    using lock = tryLock(join(this.directory, "lock"));
    if (!lock) return;
    const files = readdirSync(this.directory).map((name) => ({ name, path: join(this.directory, name) }));
    for (const { name, path } of files)
      if (name.includes(PARTIAL) && Date.now() - (modified(path)?.mtimeMs ?? Date.now()) > PARTIAL_MS) rmSync(path, { force: true });
    const kept = files.filter(({ name }) => name.endsWith(SUFFIX)).flatMap(({ path }) => modified(path) ?? []);
    let bytes = 0;
    for (const { path, size } of kept.sort((a, b) => b.mtimeMs - a.mtimeMs)) {
      bytes += size;
      if (bytes > (this.limitBytes ?? Number.POSITIVE_INFINITY)) rmSync(path, { force: true });
    }
  }

  #path(key: string): string {
    return join(this.directory, `${key}${SUFFIX}`);
  }
}

function modified(path: string) {
  const info = statSync(path, { throwIfNoEntry: false });
  return info && { path, size: info.size, mtimeMs: info.mtimeMs };
}
