// Puts the hive together, brings back what a former one left, and takes it apart in the reverse order.
import { mkdirSync, readdirSync } from "node:fs";
import { isIP } from "node:net";
import { join } from "node:path";
import { type Settings, settingsFrom } from "../lib/config.ts";
import { type OperationName, operations } from "../lib/contract/operations.ts";
import { fail } from "../lib/errors.ts";
import { digestOf } from "../lib/hash.ts";
import { findHive, hiveLock, hiveLog, removeHiveRecord, writeHiveRecord } from "../lib/hive-file.ts";
import { tryLock } from "../lib/lock.ts";
import { describeListener } from "../lib/machine/listener.ts";
import { type Paths, pathsFrom } from "../lib/paths.ts";
import { chooseMeans, type ProcessMeans } from "../lib/process/means.ts";
import { findProcess } from "../lib/process/table.ts";
import { endOrphans } from "../lib/process-group.ts";
import { selfCommand } from "../lib/self-command.ts";
import type { PrefixStore } from "../lib/store/index.ts";
import { removeTree } from "../lib/tree.ts";
import { VERSION } from "../lib/version.ts";
import { Elevation } from "./elevation.ts";
import { type Hive, openCatalogs, Stores } from "./hive.ts";
import { idleWatch } from "./idle.ts";
import { type JobLimits, Jobs } from "./jobs.ts";
import { type Log, openLog } from "./log.ts";
import { Models } from "./model/models.ts";
import { Uploads } from "./model/uploads.ts";
import { signInLink } from "./operations/browsers.ts";
import { laneOf, runOperation } from "./operations/index.ts";
import { buildRoots } from "./operations/worker-install.ts";
import { Browsers } from "./routes/browsers.ts";
import type { ServerOptions } from "./routes/call.ts";
import type { Doors } from "./routes/doors.ts";
import { ensureToken } from "./routes/token.ts";
import { isPortTaken, serve } from "./server.ts";
import { Supervisor } from "./supervisor.ts";

export interface HiveOptions {
  readonly host?: string | undefined;
  /** Undefined: the usual port, else a free one when `ephemeral`. */
  readonly port?: number | undefined;
  readonly catalogs?: readonly string[] | undefined;
  readonly allowHosts?: readonly string[] | undefined;
  readonly allowOrigins?: readonly string[] | undefined;
  readonly noAuth?: boolean | undefined;
  /** Ends by itself two seconds after the last job, worker and client. */
  readonly ephemeral?: boolean | undefined;
  readonly env?: Readonly<Record<string, string | undefined>>;
}

export interface RunningHive {
  readonly url: string;
  /** Opens the page and signs a browser in, once. */
  readonly signInUrl: string;
  /** What the start found and mended, in words. */
  readonly recovered: readonly string[];
  /** Resolves when the hive has ended. */
  readonly closed: Promise<void>;
  /** Ends jobs, then workers (unless they are kept), then the hive. */
  close(options?: { keepWorkers?: boolean }): Promise<void>;
}

const LAST_WORDS_MS = 300;

/** Starts a hive. @throws HIVE_RUNNING when another one holds the state directory; PORT_IN_USE; USAGE for `noAuth` off loopback. */
export async function startHive(options: HiveOptions = {}): Promise<RunningHive> {
  const env = options.env ?? process.env;
  const paths = pathsFrom(env);
  const settings = settingsFrom(paths, env);
  const host = options.host ?? settings.host;
  if (options.noAuth && !isLoopback(host))
    throw fail("USAGE", { problem: `--no-auth is possible on loopback only, not on ${host}`, help: "" });
  mkdirSync(paths.state, { recursive: true, mode: 0o700 });
  const lock = tryLock(hiveLock(paths)) ?? throwRunning(paths);
  try {
    return await assemble(options, { env, paths, settings, host, lock });
  } catch (error) {
    lock[Symbol.dispose]();
    throw error;
  }
}

interface Ground {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly paths: Paths;
  readonly settings: Settings;
  readonly host: string;
  readonly lock: Disposable;
}

async function assemble(options: HiveOptions, { env, paths, settings, host, lock }: Ground): Promise<RunningHive> {
  const log = openLog(hiveLog(paths));
  const hive = openHive(options, { env, paths, settings, log, browsers: await Browsers.open(join(paths.state, "browsers")) });
  const jobs = new Jobs({
    directory: join(paths.state, "jobs"),
    limits: limitsFrom(settings),
    lane: laneOf,
    run: (input, context) => runOperation(hive, input, context),
    onUnreadable: (path) => log.warn("A job could not be read and was set aside", { path }),
    onEnd: ({ job_id, state, operation }) => log.info("A job ended", { job_id, state, operation: operation.operation }),
  });
  const recovered = await recover(hive, jobs);
  for (const line of recovered) log.warn(line);

  const ended = Promise.withResolvers<void>();
  let closing: Promise<void> | undefined;
  const close = ({ keepWorkers = false } = {}) => {
    closing ??= takeApart(keepWorkers);
    return closing;
  };
  const idle = idleWatch({
    isBusy: () => jobs.activeCount > 0 || hive.supervisor.running().length > 0,
    onIdle: options.ephemeral ? () => void close() : undefined,
  });
  const port = options.port ?? settings.port;
  const doors: Doors = {
    host,
    port,
    token: options.noAuth ? undefined : ensureToken(paths),
    acceptsKey: (key) => hive.browsers.accepts(key),
    allowHosts: options.allowHosts ?? [],
    allowOrigins: options.allowOrigins ?? [],
  };
  const onShutdown = (keepWorkers: boolean) => void setTimeout(() => void close({ keepWorkers }), 20);
  const server = listen({ hive, jobs, doors, log, clients: idle, onShutdown }, port, options);
  const url = `http://${host.includes(":") ? `[${host}]` : host}:${server.port}`;
  writeHiveRecord(paths, {
    url,
    pid: process.pid,
    start_time: findProcess(process.pid)?.startTime ?? "",
    version: VERSION,
    ephemeral: options.ephemeral ?? false,
    started_at: Date.now(),
    catalogs: [...(options.catalogs ?? []), ...settings.catalog],
  });
  log.info("The hive serves", { url, pid: process.pid, version: VERSION });

  async function takeApart(keepWorkers: boolean): Promise<void> {
    idle.stop();
    await jobs.close();
    if (!keepWorkers) await hive.supervisor.stopAll();
    hive.supervisor.release();
    removeHiveRecord(paths);
    // Readers of streams are given the time to take the last events.
    await Promise.race([server.stop(), Bun.sleep(LAST_WORDS_MS)]);
    await server.stop(true);
    log.info("The hive ended", { keepWorkers });
    lock[Symbol.dispose]();
    ended.resolve();
  }

  const signInPath = options.noAuth ? "/" : signInLink(hive.browsers).path;
  return { url, signInUrl: `${url}${signInPath}`, recovered, closed: ended.promise, close };
}

function limitsFrom(settings: Settings): JobLimits {
  const chosen: Partial<Record<OperationName, number>> = {
    worker_install: settings.install_timeout,
    worker_upgrade: settings.install_timeout,
    model_download: settings.model_timeout,
    worker_spawn: settings.spawn_timeout,
  };
  return {
    buildsAtOnce: settings.builds_at_once,
    queued: settings.queued_jobs,
    keptJobs: settings.keep_jobs,
    keptMs: settings.keep_jobs_for,
    journalBytes: settings.journal_mib * 2 ** 20,
    timeMs: (operation) => chosen[operation] ?? operations[operation].limitMs,
  };
}

interface Parts {
  readonly env: Ground["env"];
  readonly paths: Paths;
  readonly settings: Settings;
  readonly log: Log;
  readonly browsers: Browsers;
}

function openHive(options: HiveOptions, { env, paths, settings, log, browsers }: Parts): Hive {
  const places = [...(options.catalogs ?? []), ...settings.catalog];
  const rbeeBinary = process.execPath;
  const onUnreadable = (path: string, reason: string) => log.warn("A record could not be read and was set aside", { path, reason });
  const directory = join(paths.state, "processes");
  const supervisor = new Supervisor({ directory, ports: settings.worker_ports, env, rbeeBinary, onUnreadable });
  const models = new Models(paths.data, env, onUnreadable);
  return {
    id: digestOf([paths.state]).slice(0, 16),
    paths,
    env,
    rbeeBinary,
    catalogs: openCatalogs(places, paths, env),
    stores: new Stores(paths, { onUnreadable, inUse: (tree) => supervisor.usesTree(tree) }),
    models,
    uploads: new Uploads({ directory: join(paths.data, "uploads"), models }),
    means: meansFor(env),
    supervisor,
    browsers,
    elevation: new Elevation(),
  };
}

/** @throws USAGE when a means is asked for that is not to be had here. */
function meansFor(env: Ground["env"]): ProcessMeans {
  try {
    return chooseMeans(selfCommand(), env.RBEE_PROCESS_MEANS);
  } catch (error) {
    throw fail("USAGE", { problem: `RBEE_PROCESS_MEANS: ${(error as Error).message}`, help: "" }, { cause: error });
  }
}

/** What a start does about what a crash left: processes first, then directories, then records. */
async function recover(hive: Hive, jobs: Jobs): Promise<string[]> {
  const done: string[] = [];
  const orphans = await endOrphans(hive.id);
  if (orphans > 0) done.push(`ended ${orphans} processes of builds that were interrupted`);
  for (const root of buildRoots(hive)) {
    for (const name of namesIn(root)) {
      removeTree(join(root, name));
      done.push(`removed the build directory ${name}`);
    }
  }
  for (const { job_id, operation } of jobs.recover()) done.push(`job ${job_id} (${operation.operation}) was interrupted`);
  for (const { id, worker_id } of await hive.supervisor.adopt()) done.push(`adopted process ${id} (${worker_id})`);
  for (const store of await hive.stores.all()) done.push(...(await repairStore(store)));
  for (const directory of await hive.models.repair()) done.push(`removed the unfinished model ${directory}`);
  for (const directory of await hive.uploads.repair()) done.push(`removed the forgotten upload ${directory}`);
  return done;
}

/** A prefix that we may only read is not ours to mend. */
async function repairStore(store: PrefixStore): Promise<string[]> {
  if (!store.isWritable()) return [];
  return store.repair();
}

/** The wished port, or for an ephemeral hive any free one when the usual is taken. @throws PORT_IN_USE. */
function listen(server: ServerOptions, port: number, { ephemeral, port: wished }: HiveOptions) {
  try {
    return serve(server, port);
  } catch (error) {
    if (!isPortTaken(error)) throw error;
    if (ephemeral && wished === undefined) return serve(server, 0);
    throw fail("PORT_IN_USE", { port, host: server.doors.host, by: describeListener(port) }, { cause: error });
  }
}

function throwRunning(paths: Paths): never {
  const other = findHive(paths);
  throw fail("HIVE_RUNNING", { state: paths.state, pid: other?.pid ?? "unknown", url: other?.url ?? "an address that is not known yet" });
}

function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || (isIP(host) === 4 && host.startsWith("127."));
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}
