// The key to this hive: made once, kept where only its owner can read it.
import { randomBytes } from "node:crypto";
import { chmodSync, existsSync, readFileSync } from "node:fs";
import { writeFileAtomic } from "../../lib/atomic.ts";
import { tokenFile } from "../../lib/hive-file.ts";
import type { Paths } from "../../lib/paths.ts";

/** Reads the token, making it at the first start. */
export function ensureToken(paths: Paths): string {
  const path = tokenFile(paths);
  if (!existsSync(path)) writeFileAtomic(path, `${randomBytes(32).toString("base64url")}\n`, 0o600);
  chmodSync(path, 0o600);
  return readFileSync(path, "utf8").trim();
}
