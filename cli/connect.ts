// Finds the hive to talk to: the named one, the one of the state directory, or one that is started for the moment.
import { closeSync, mkdirSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { absoluteCatalogPlace } from "../lib/catalog/place.ts";
import { HiveClient } from "../lib/client.ts";
import { settingsFrom } from "../lib/config.ts";
import { fail } from "../lib/errors.ts";
import { findHive, type HiveRecord, hiveLog, readToken } from "../lib/hive-file.ts";
import { type Paths, pathsFrom, withAbsolutePlaces } from "../lib/paths.ts";
import { isAlive } from "../lib/process/table.ts";
import { selfCommand } from "../lib/self-command.ts";

/** A starting hive has this long to answer: it may have a crash to clean up. */
const START_MS = 15_000;
const LOOK_MS = 10;
/** Between two tries to start where another hive holds the place. */
const AGAIN_MS = 100;
/** A hive that ends has this long to be gone. */
const LEAVING_MS = 10_000;

/**
 * A client of the hive at `url`, else RBEE_HIVE_URL, else the state directory's, else a new one that ends by itself.
 * The stored token goes to the state directory's hive only; when that hive ends at this very moment, the next one is asked.
 */
export async function connect(url: string | undefined, env: NodeJS.ProcessEnv = process.env): Promise<HiveClient> {
  const named = url ?? env.RBEE_HIVE_URL;
  if (named) return new HiveClient(checkUrl(named), env.RBEE_TOKEN);
  const paths = pathsFrom(env);
  let record = (await findStaying(paths)) ?? (await startDetached(paths, ["--ephemeral"]));
  const address = () => ({ url: record.url, token: env.RBEE_TOKEN ?? readToken(paths) });
  const findNext = async () => {
    await untilGone(record);
    record = findHive(paths) ?? (await startDetached(paths, ["--ephemeral"]));
    return address();
  };
  return new HiveClient(address().url, address().token, findNext);
}

/**
 * The living hive, if it stays: one that ends by itself may be about to, and its port somebody else's when our token gets there. Our look counts
 * as a client's; a hive that ends takes its record away before it stops answering, so an answer with the record still there is its own.
 */
async function findStaying(paths: Paths): Promise<HiveRecord | undefined> {
  const record = findHive(paths);
  if (!record?.ephemeral) return record;
  const isHere = (await answers(record)) && findHive(paths)?.pid === record.pid;
  return isHere ? record : undefined;
}

/** The places that RBEE_CATALOG names here and the hive that lives does not ask: it was started without them. */
export function unaskedCatalogs(env: NodeJS.ProcessEnv = process.env): string[] {
  if (!env.RBEE_CATALOG || env.RBEE_HIVE_URL) return [];
  const paths = pathsFrom(env);
  const asked = findHive(paths)?.catalogs;
  return asked === undefined ? [] : settingsFrom(paths, env).catalog.filter((place) => !asked.includes(absoluteCatalogPlace(place)));
}

/** Waits for a hive that does not answer any more to be dead; not for long, because it may be stuck. */
async function untilGone({ pid, start_time }: HiveRecord): Promise<void> {
  const deadline = performance.now() + LEAVING_MS;
  while (isAlive({ pid, startTime: start_time }) && performance.now() < deadline) await Bun.sleep(LOOK_MS);
}

/** A client of the hive that lives, if one does; nothing is started. */
export function connectToLiving(url: string | undefined, env: NodeJS.ProcessEnv = process.env): HiveClient | undefined {
  const named = url ?? env.RBEE_HIVE_URL;
  if (named) return new HiveClient(checkUrl(named), env.RBEE_TOKEN);
  const paths = pathsFrom(env);
  const record = findHive(paths);
  return record && new HiveClient(record.url, env.RBEE_TOKEN ?? readToken(paths));
}

/** As many answers of workers may be under way at once; Bun's own limit is 256. */
const REQUESTS_AT_ONCE = "16384";

/** The environment that a hive needs; the same object when it needs nothing more. */
export function servingEnv(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return env.BUN_CONFIG_MAX_HTTP_REQUESTS ? env : { ...env, BUN_CONFIG_MAX_HTTP_REQUESTS: REQUESTS_AT_ONCE };
}

/** Starts `rbee hive serve` in a session of its own and resolves when it answers. Two who start at once get the same hive. @throws CONFIG_INVALID, HIVE_UNREACHABLE. */
export async function startDetached(paths: Paths, flags: readonly string[]): Promise<HiveRecord> {
  // A setting that the hive could not read is told here, not after a wait for a hive that never comes.
  const { catalog } = settingsFrom(paths);
  makeState(paths);
  const deadline = performance.now() + START_MS;
  // A directory that is written relative is so to where we are, not to where the hive works.
  const env = withAbsolutePlaces(process.env);
  if (env.RBEE_CATALOG) env.RBEE_CATALOG = catalog.map(absoluteCatalogPlace).join(",");
  let child = launch(paths, flags, env);
  while (performance.now() < deadline) {
    const record = findHive(paths);
    if (record && (await answers(record))) return record;
    if (child.exitCode !== null) {
      // Another hive holds the place: one that starts answers soon, one that ends makes room soon.
      if (!said(paths).includes("HIVE_RUNNING")) break;
      await Bun.sleep(AGAIN_MS);
      child = launch(paths, flags, env);
    }
    await Bun.sleep(LOOK_MS);
  }
  throw fail(
    "HIVE_UNREACHABLE",
    { url: "this machine", reason: said(paths) || "it did not start" },
    { hint: `Its log: ${hiveLog(paths)}` },
  );
}

/** @throws PERMISSION_DENIED where nothing can be made, whatever stands in the way. */
function makeState({ state }: Paths): void {
  try {
    mkdirSync(state, { recursive: true, mode: 0o700 });
  } catch (error) {
    if ((error as { code?: string }).code === "ENOSPC") throw error;
    throw fail(
      "PERMISSION_DENIED",
      { paths: state },
      { cause: error, hint: "Name a directory that you can write to: export RBEE_HOME=DIR" },
    );
  }
}

function launch(paths: Paths, flags: readonly string[], env: NodeJS.ProcessEnv): Bun.Subprocess {
  const output = openSync(outputFile(paths), "w", 0o600);
  try {
    const child = Bun.spawn([...selfCommand(), "hive", "serve", ...flags], {
      cwd: "/",
      env: servingEnv(env),
      stdin: "ignore",
      stdout: output,
      stderr: output,
      detached: true,
    });
    child.unref();
    return child;
  } finally {
    closeSync(output);
  }
}

/** What a hive that started in the background printed. */
function outputFile(paths: Paths): string {
  return join(paths.state, "hive.out");
}

function said(paths: Paths): string {
  return readFileSync(outputFile(paths), "utf8").trim();
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
