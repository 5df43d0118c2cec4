// Locks that the kernel keeps: they end with their owner, however it ends, so there is no stale lock to take over.
import { Database } from "bun:sqlite";
import { mkdirSync } from "node:fs";
import { dirname } from "node:path";

export interface Lock extends Disposable {
  readonly path: string;
}

/**
 * Takes the lock at `path` for this process, or says that another holds it (undefined).
 * The lock is SQLite's on an empty database: byte-range locks of the operating system on every platform. Source: sqlite.org/lockingv3.html.
 */
export function tryLock(path: string): Lock | undefined {
  mkdirSync(dirname(path), { recursive: true });
  const database = new Database(path, { create: true });
  try {
    database.run("PRAGMA journal_mode = OFF");
    database.run("PRAGMA busy_timeout = 0");
    database.run("BEGIN EXCLUSIVE");
  } catch (error) {
    database.close();
    if ((error as { code?: string }).code?.startsWith("SQLITE_BUSY")) return undefined;
    throw error;
  }
  return { path, [Symbol.dispose]: () => database.close() };
}

/** Waits for the lock. Rejects with the signal's reason when it fires first. */
export async function waitForLock(path: string, { signal }: { signal?: AbortSignal | undefined } = {}): Promise<Lock> {
  for (let pauseMs = 2; ; pauseMs = Math.min(pauseMs * 2, 100)) {
    signal?.throwIfAborted();
    const lock = tryLock(path);
    if (lock) return lock;
    await Bun.sleep(pauseMs);
  }
}
