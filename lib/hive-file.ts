// How a command finds the hive of a state directory: a file that names its address and its process.
import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { writeFileAtomic } from "./atomic.ts";
import type { Paths } from "./paths.ts";
import { isAlive } from "./process/table.ts";

const HiveRecord = z.object({
  url: z.string(),
  pid: z.number(),
  start_time: z.string(),
  version: z.string(),
  /** It ends by itself when nobody needs it. */
  ephemeral: z.boolean(),
  started_at: z.number(),
  /** What it asks before the built-in catalog; a hive of an older rbee does not say. */
  catalogs: z.array(z.string()).optional(),
});
export type HiveRecord = z.infer<typeof HiveRecord>;

const hiveFile = (paths: Paths) => join(paths.state, "hive.json");
export const tokenFile = (paths: Paths) => join(paths.state, "token");
export const hiveLock = (paths: Paths) => join(paths.state, "hive.lock");
export const hiveLog = (paths: Paths) => join(paths.state, "hive.log");

export function writeHiveRecord(paths: Paths, record: HiveRecord): void {
  writeFileAtomic(hiveFile(paths), `${JSON.stringify(record, null, 2)}\n`, 0o600);
}

export function removeHiveRecord(paths: Paths): void {
  rmSync(hiveFile(paths), { force: true });
}

/** The living hive of this state directory; undefined when there is none, also when the file is a dead one's. */
export function findHive(paths: Paths): HiveRecord | undefined {
  try {
    const record = HiveRecord.parse(JSON.parse(readFileSync(hiveFile(paths), "utf8")));
    return isAlive({ pid: record.pid, startTime: record.start_time }) ? record : undefined;
  } catch {
    return undefined;
  }
}

/** The stored token; undefined before the first hive. */
export function readToken(paths: Paths): string | undefined {
  const path = tokenFile(paths);
  return existsSync(path) ? readFileSync(path, "utf8").trim() : undefined;
}
