// rbee.lock on disk: JSON that is always written in the same order, one fact a line, so that a diff shows what changed and nothing else.
import { readFileSync, statSync } from "node:fs";
import { writeFileAtomic } from "./atomic.ts";
import { LOCK_VERSION, LockFile } from "./contract/lock.ts";
import { fail, RbeeError } from "./errors.ts";
import { describeIssue, messageOf } from "./issues.ts";

export const LOCK_NAME = "rbee.lock";
/** Bytes. */
const MOST_BYTES = 16 << 20;

export const emptyLock: LockFile = { lock_version: LOCK_VERSION, workers: {}, models: {} };

/** @throws FILE_NOT_FOUND, LOCK_INVALID, STATE_NEWER for one that a newer rbee wrote. */
export function readLockFile(path: string): LockFile {
  const written = parse(path);
  const version = (written as { lock_version?: unknown } | null)?.lock_version;
  if (Number.isInteger(version) && (version as number) > LOCK_VERSION)
    throw fail("STATE_NEWER", { path, found: version as number, known: LOCK_VERSION });
  const { data, error } = LockFile.safeParse(written);
  if (error) throw fail("LOCK_INVALID", { path, reason: describeIssue(error) });
  return data;
}

export function writeLockFile(path: string, lock: LockFile): void {
  writeFileAtomic(path, `${JSON.stringify(sorted(lock), null, 2)}\n`);
}

function parse(path: string): unknown {
  try {
    if (statSync(path).size > MOST_BYTES) throw fail("LOCK_INVALID", { path, reason: `it is larger than ${MOST_BYTES} bytes` });
    return JSON.parse(readFileSync(path, "utf8"));
  } catch (error) {
    if (error instanceof RbeeError) throw error;
    if ((error as { code?: string }).code === "ENOENT") throw fail("FILE_NOT_FOUND", { path }, { hint: "Write it: rbee worker lock" });
    throw fail("LOCK_INVALID", { path, reason: messageOf(error) }, { cause: error });
  }
}

/** The same value with the keys of every object in order. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (value === null || typeof value !== "object") return value;
  const pairs = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(pairs.map(([key, part]) => [key, sorted(part)]));
}
