// rbee hive …: the daemon itself, in the foreground and detached.
import { closeSync, existsSync, openSync, readSync, statSync } from "node:fs";
import { absoluteCatalogPlace } from "../lib/catalog/place.ts";
import { fail } from "../lib/errors.ts";
import { findHive, type HiveRecord, hiveLog, readToken } from "../lib/hive-file.ts";
import { pathsFrom } from "../lib/paths.ts";
import { isAlive } from "../lib/process/table.ts";
import { selfCommand } from "../lib/self-command.ts";
import { formatTime } from "../lib/units.ts";
import type { Command, ParsedArgs } from "./argv.ts";
import { usage } from "./argv.ts";
import { connectToLiving, servingEnv, startDetached } from "./connect.ts";
import { leaf } from "./leaf.ts";
import type { Output } from "./output.ts";
import { serviceCommands } from "./service-command.ts";

const SERVE_ARGS = {
  host: { type: "string", valueHint: "ADDRESS", description: "Where to listen (default: 127.0.0.1)" },
  port: { type: "string", valueHint: "N", description: "Default: 7835; 0 takes a free one" },
  catalog: {
    type: "string",
    valueHint: "PLACE",
    description:
      "A catalog to ask before the built-in one: a directory, https://..., git+https://...#commit=SHA (may be repeated, the first match wins)",
  },
  "allow-host": { type: "string", valueHint: "NAME", description: "A host name to answer to besides our own (may be repeated)" },
  "allow-origin": { type: "string", valueHint: "URL", description: "A site whose pages may ask (may be repeated)" },
  auth: { type: "boolean", default: true, negativeDescription: "No token", description: "Without a token, on loopback only" },
  ephemeral: { type: "boolean", description: "End two seconds after the last job, worker and client" },
} as const;

const KEEP = { "keep-workers": { type: "boolean", description: "Leave the workers running; the next hive adopts them" } } as const;

/** The hive has this long to end its jobs and workers. */
const STOP_MS = 60_000;
const LOOK_MS = 20;

export const hiveCommand: Command = {
  name: "hive",
  summary: "The daemon",
  children: [
    leaf("serve", "Run the hive in the foreground", SERVE_ARGS, serve, [
      "rbee hive serve",
      "rbee hive serve --port 8000 --catalog ./my-workers",
    ]),
    leaf("start", "Run the hive in the background", SERVE_ARGS, start, ["rbee hive start", "rbee hive start --port 8000"]),
    leaf("stop", "End the hive, its jobs and its workers", KEEP, stop, ["rbee hive stop", "rbee hive stop --keep-workers"]),
    leaf("restart", "End the hive, keep its workers, start it again", SERVE_ARGS, restart, [
      "rbee hive restart",
      "rbee hive restart --port 8000",
    ]),
    leaf("status", "Whether a hive runs, and where", {}, status, ["rbee hive status", "rbee hive status --json"]),
    leaf("logs", "The hive's own log", { follow: { type: "boolean", alias: "f", description: "Go on as it grows" } }, logs, [
      "rbee hive logs",
      "rbee hive logs -f",
    ]),
    leaf("token", "The key to this hive", {}, token, [
      "rbee hive token",
      'curl -H "Authorization: Bearer $(rbee hive token)" http://127.0.0.1:7835/v1/models',
    ]),
    ...serviceCommands,
  ],
};

async function serve(args: ParsedArgs, output: Output): Promise<number> {
  liftRequestLimit();
  const { startHive } = await import("../hive/main.ts");
  const split = (name: string) => (process.env[name] ?? "").split(",").filter(Boolean);
  const hive = await startHive({
    host: text(args, "host"),
    port: port(args),
    catalogs: args.lists.catalog,
    allowHosts: [...(args.lists["allow-host"] ?? []), ...split("RBEE_ALLOW_HOSTS")],
    allowOrigins: [...(args.lists["allow-origin"] ?? []), ...split("RBEE_ALLOW_ORIGINS")],
    noAuth: args.values.auth === false,
    ephemeral: args.values.ephemeral === true,
  });
  for (const line of hive.recovered) output.note(`Recovered: ${line}`);
  if (output.json) output.data({ url: hive.url, pid: process.pid });
  else output.result(`rbee hive at ${hive.url} (pid ${process.pid}). Ctrl+C ends it, its jobs and its workers.`);
  if (!output.json && args.values.ephemeral !== true) output.note(`The page, signed in once with this link: ${hive.signInUrl}`);
  let exitCode = 0;
  const end = (code: number) => () => {
    // A second signal does not wait for anybody.
    if (exitCode !== 0) process.exit(code);
    exitCode = code;
    output.note("Ending jobs and workers...");
    void hive.close();
  };
  process.on("SIGINT", end(130));
  process.on("SIGTERM", end(143));
  // The terminal's end is not the hive's: `nohup` and closed windows are how people leave it running.
  process.on("SIGHUP", () => {});
  await hive.closed;
  return exitCode === 130 || exitCode === 143 ? 0 : exitCode;
}

/** Bun reads its limit of outgoing requests (256) from the environment of its start only: this process becomes another one of the same id. */
function liftRequestLimit(): void {
  const env = servingEnv(process.env);
  if (env === process.env || process.platform === "win32") return;
  process.execve?.(process.execPath, [...selfCommand(), ...process.argv.slice(2)], env);
}

async function start(args: ParsedArgs, output: Output): Promise<number> {
  const paths = pathsFrom();
  const living = findHive(paths);
  // Who wants one for the moment only is served by any.
  if (living && (!living.ephemeral || args.values.ephemeral === true)) return tell(living, output, "A hive runs already");
  if (living) await endHive(living, true);
  return tell(await startDetached(paths, serveFlags(args)), output, "The hive runs");
}

async function stop(args: ParsedArgs, output: Output): Promise<number> {
  const record = findHive(pathsFrom());
  if (!record) throw fail("HIVE_NOT_RUNNING", {});
  await endHive(record, args.values["keep-workers"] === true);
  if (output.json) output.data({ running: false, pid: record.pid });
  else output.note(`The hive has ended (pid ${record.pid})`);
  return 0;
}

async function restart(args: ParsedArgs, output: Output): Promise<number> {
  const paths = pathsFrom();
  const record = findHive(paths);
  if (record) await endHive(record, true);
  return tell(await startDetached(paths, serveFlags(args)), output, "The hive runs");
}

async function status(_: ParsedArgs, output: Output): Promise<number> {
  const record = findHive(pathsFrom());
  if (output.json) output.data(record ? { running: true, ...record } : { running: false });
  if (!record) {
    if (!output.json) output.result("No hive is running");
    return fail("HIVE_NOT_RUNNING", {}).exitCode;
  }
  return output.json ? 0 : tell(record, output, "The hive runs");
}

async function logs(args: ParsedArgs, output: Output): Promise<number> {
  const path = hiveLog(pathsFrom());
  if (!existsSync(path)) throw fail("FILE_NOT_FOUND", { path });
  await printFile(path, output, args.values.follow === true);
  return 0;
}

async function token(_: ParsedArgs, output: Output): Promise<number> {
  const key = readToken(pathsFrom());
  if (!key) throw fail("HIVE_NOT_RUNNING", {}, { hint: "The key is made at the first start: rbee hive start" });
  if (output.json) output.data({ token: key });
  else output.result(key);
  return 0;
}

/** A hive that does not end by itself: the one that runs, else a new one, which takes over from one that would end. Jobs are not interrupted for it. */
export async function ensureLasting(): Promise<void> {
  const paths = pathsFrom();
  const living = findHive(paths);
  if (living && !living.ephemeral) return;
  const { jobs = [] } = living ? ((await connectToLiving(undefined)?.jobs()) ?? {}) : {};
  if (jobs.some(({ ended_at }) => ended_at === undefined)) return;
  if (living) await endHive(living, true);
  await startDetached(paths, []);
}

/** Asks the hive to end and waits until its process is gone. */
async function endHive(record: HiveRecord, keepWorkers: boolean): Promise<void> {
  await connectToLiving(undefined, { ...process.env, RBEE_HIVE_URL: undefined })?.shutdown(keepWorkers);
  const deadline = performance.now() + STOP_MS;
  while (isAlive({ pid: record.pid, startTime: record.start_time })) {
    if (performance.now() > deadline)
      throw fail("TIMED_OUT", { what: `ending the hive (pid ${record.pid})`, limit: `${STOP_MS / 1000} s` });
    await Bun.sleep(LOOK_MS);
  }
}

function tell(record: HiveRecord, output: Output, words: string): number {
  if (output.json) output.data({ running: true, ...record });
  else
    output.result(
      `${words} at ${record.url} (pid ${record.pid}, since ${formatTime(record.started_at)}${record.ephemeral ? ", ends by itself when idle" : ""})`,
    );
  return 0;
}

/** The flags of `serve` as they were given, for the process that will serve. */
function serveFlags(args: ParsedArgs): string[] {
  port(args);
  const flags = Object.entries(args.lists).filter(([key]) => key in SERVE_ARGS);
  // The hive works in another directory.
  const absolute = (key: string, value: string) => (key === "catalog" ? absoluteCatalogPlace(value) : value);
  const written = flags.flatMap(([key, values]) => values.map((value) => `--${key}=${absolute(key, value)}`));
  return [...written, ...(args.values.ephemeral === true ? ["--ephemeral"] : []), ...(args.values.auth === false ? ["--no-auth"] : [])];
}

/** Copies a text file to stdout; with `follow` it goes on as the file grows, until the command is interrupted. */
async function printFile(path: string, output: Output, follow: boolean): Promise<void> {
  const buffer = Buffer.alloc(65_536);
  const file = openSync(path, "r");
  try {
    for (let at = 0; ; ) {
      if (statSync(path).size < at) at = 0;
      const count = readSync(file, buffer, 0, buffer.length, at);
      at += count;
      if (count > 0) output.piece(buffer.toString("utf8", 0, count));
      else if (!follow) return;
      else await Bun.sleep(100);
    }
  } finally {
    closeSync(file);
  }
}

function port(args: ParsedArgs): number | undefined {
  const written = text(args, "port");
  if (written === undefined) return undefined;
  const number = Number(written);
  if (!Number.isInteger(number) || number < 0 || number > 65_535)
    throw usage(["hive", "serve"], `--port must be a number from 0 to 65535, not "${written}"`);
  return number;
}

function text(args: ParsedArgs, name: string): string | undefined {
  const value = args.values[name];
  return typeof value === "string" ? value : undefined;
}
