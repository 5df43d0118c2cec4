// Finds the hive to talk to: the named one, the one of the state directory, or one that is started for the moment.
import { mkdirSync, openSync } from "node:fs";
import { join } from "node:path";
import { HiveClient } from "../lib/client.ts";
import { fail } from "../lib/errors.ts";
import { findHive, type HiveRecord, hiveLog, readToken } from "../lib/hive-file.ts";
import { type Paths, pathsFrom } from "../lib/paths.ts";
import { selfCommand } from "../lib/self-command.ts";

/** A starting hive has this long to answer: it may have a crash to clean up. */
const START_MS = 15_000;
const LOOK_MS = 10;

/**
 * A client of the hive at `url`, else RBEE_HIVE_URL, else the state directory's, else a new one that ends by itself.
 * The stored token goes to the state directory's hive only.
 */
export async function connect(url: string | undefined, env: NodeJS.ProcessEnv = process.env): Promise<HiveClient> {
  const named = url ?? env.RBEE_HIVE_URL;
  if (named) return new HiveClient(checkUrl(named), env.RBEE_TOKEN);
  const paths = pathsFrom(env);
  const record = findHive(paths) ?? (await startDetached(paths, ["--ephemeral"]));
  return new HiveClient(record.url, env.RBEE_TOKEN ?? readToken(paths));
}

/** A client of the hive that lives, if one does; nothing is started. */
export function connectToLiving(url: string | undefined, env: NodeJS.ProcessEnv = process.env): HiveClient | undefined {
  const named = url ?? env.RBEE_HIVE_URL;
  if (named) return new HiveClient(checkUrl(named), env.RBEE_TOKEN);
  const paths = pathsFrom(env);
  const record = findHive(paths);
  return record && new HiveClient(record.url, env.RBEE_TOKEN ?? readToken(paths));
}

/** Starts `rbee hive serve` in a session of its own and resolves when it answers. Two who start at once get the same hive. */
export async function startDetached(paths: Paths, flags: readonly string[]): Promise<HiveRecord> {
  mkdirSync(paths.state, { recursive: true, mode: 0o700 });
  const output = openSync(join(paths.state, "hive.out"), "w", 0o600);
  const child = Bun.spawn([...selfCommand(), "hive", "serve", ...flags], {
    cwd: "/",
    stdin: "ignore",
    stdout: output,
    stderr: output,
    detached: true,
  });
  child.unref();
  const deadline = Date.now() + START_MS;
  let exitedAt: number | undefined;
  while (Date.now() < deadline) {
    const record = findHive(paths);
    if (record && (await answers(record))) return record;
    // One that lost the race ends at once; the winner may need a moment more.
    if (child.exitCode !== null) exitedAt ??= Date.now();
    if (exitedAt !== undefined && Date.now() - exitedAt > 2_000) break;
    await Bun.sleep(LOOK_MS);
  }
  const said = (await Bun.file(join(paths.state, "hive.out")).text()).trim();
  throw fail("HIVE_UNREACHABLE", { url: "this machine", reason: said || "it did not start" }, { hint: `Its log: ${hiveLog(paths)}` });
}

async function answers({ url }: HiveRecord): Promise<boolean> {
  try {
    return (await fetch(`${url}/health`, { signal: AbortSignal.timeout(1_000) })).ok;
  } catch {
    return false;
  }
}

function checkUrl(written: string): string {
  const url = URL.parse(written);
  if (!url || !/^https?:$/.test(url.protocol))
    throw fail("USAGE", { problem: `"${written}" is not the address of a hive`, help: "It looks like http://127.0.0.1:7835" });
  return url.origin + url.pathname.replace(/\/+$/, "");
}
