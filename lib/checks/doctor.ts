// rbee doctor: what is wrong with this rbee on this machine, and the one line that mends it. Needs no hive and changes nothing.
import { existsSync, lstatSync, readdirSync, readlinkSync, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { openCatalog } from "../catalog.ts";
import { configFile, movingAway, type Settings, settingsFrom } from "../config.ts";
import type { Finding, InstalledWorker } from "../contract/views.ts";
import { RbeeError } from "../errors.ts";
import { findHive, tokenFile } from "../hive-file.ts";
import { installCommand } from "../machine/dependencies.ts";
import { describeListener, isPortFree } from "../machine/listener.ts";
import { type Env, type Paths, shortPath } from "../paths.ts";
import { chooseMeans, offeredMeans } from "../process/means.ts";
import { walls } from "../sandbox/index.ts";
import { selfCommand } from "../self-command.ts";
import { layoutOf } from "../store/layout.ts";
import { PrefixReader } from "../store/reader.ts";
import { VERSION } from "../version.ts";
import { checkEngine } from "./engine.ts";
import { asRoot, fine, problem, warning } from "./finding.ts";
import { checkPath, checkPrograms, checkShadow, checkWritable } from "./place.ts";
import { checkDisk } from "./space.ts";
import { checkTools } from "./tools.ts";

/** What every recipe needs, whatever it builds. */
const BASE_TOOLS = ["bash", "git"];
/** Enough for a small worker and a small model. Bytes. */
const ROOM = 2e9;
const HEALTH_MS = 2_000;

/** Looks at everything at once. @throws nothing that a person could have caused: that is a finding. */
export async function examine(paths: Paths, env: Env): Promise<Finding[]> {
  const { settings, finding } = readSettings(paths, env);
  const looks = await Promise.all([
    finding,
    checkHive(paths, settings),
    checkKey(paths),
    ...(["state", "data", "cache", "config"] as const).map((name) => checkWritable(`the ${name} directory`, paths[name])),
    checkDisk("models", paths.data, ROOM),
    checkDisk("builds", paths.cache, ROOM),
    checkPrograms(paths.cache),
    checkTools(BASE_TOOLS, env.PATH ?? ""),
    checkMeans(env),
    checkWalls(),
    ...[paths.userPrefix, paths.systemPrefix].map((prefix) => checkPrefix(prefix, paths, env)),
    ...(settings?.catalog ?? []).map((place) => checkCatalog(place, paths, env)),
    Bun.which("nvidia-smi") ? checkEngine("cuda") : undefined,
    checkUnreadable(paths),
  ]);
  return looks.flat().filter((each) => each !== undefined);
}

function readSettings(paths: Paths, env: Env): { settings?: Settings; finding: Finding } {
  try {
    return { settings: settingsFrom(paths, env), finding: fine("config", "Every setting can be read") };
  } catch (error) {
    if (!(error instanceof RbeeError)) throw error;
    const key = /: (\w+) is "/.exec(error.message)?.[1];
    const isFile = error.message.includes("config.json");
    return { finding: problem("config", error.message, mendSetting(paths, isFile, key)) };
  }
}

function mendSetting(paths: Paths, isFile: boolean, key: string | undefined): string {
  if (key) return isFile ? `rbee config unset ${key}` : `unset RBEE_${key.toUpperCase()}`;
  return movingAway(configFile(paths));
}

/** By what a build's processes are ended here. */
function checkMeans(env: Env): Finding {
  try {
    const { name, description } = chooseMeans(selfCommand(), env.RBEE_PROCESS_MEANS);
    const others = offeredMeans(selfCommand()).filter((other) => other !== name);
    const also = others.length > 0 ? `; also here: ${others.join(", ")}` : "";
    if (name !== "process group" || process.platform !== "linux") return fine("builds", `Ended by: ${description}${also}`);
    return warning("builds", `Only found again by: ${description}`, asRoot(installCommand(["util-linux"])));
  } catch (error) {
    return problem("builds", error instanceof Error ? error.message : String(error), "unset RBEE_PROCESS_MEANS");
  }
}

/** What is between a build and the rest of the machine. */
function checkWalls(): Finding {
  const { room, missing } = walls();
  if (missing.length === 0) return fine("builds", `Kept apart by: ${room}`);
  return warning("builds", `Kept apart by: ${room}, with no ${missing.join(", no ")}`, asRoot(installCommand(["bubblewrap"])));
}

/** A hive that lives but does not answer, is of another version, or could not have its port. */
async function checkHive(paths: Paths, settings: Settings | undefined): Promise<Finding> {
  const record = findHive(paths);
  if (!record) return checkPort(settings);
  const words = `at ${record.url} (pid ${record.pid})`;
  if (!(await answers(record.url))) return problem("hive", `The hive ${words} does not answer`, `kill -9 ${record.pid}; rbee hive start`);
  if (record.version !== VERSION)
    return problem("hive", `The hive ${words} is version ${record.version}, this is ${VERSION}`, "rbee hive restart");
  return fine("hive", `A hive runs ${words}`);
}

async function checkPort(settings: Settings | undefined): Promise<Finding> {
  const none = "No hive runs; a command that needs one starts it";
  if (!settings || settings.port === 0 || (await isPortFree(settings.port, settings.host))) return fine("hive", none);
  const by = describeListener(settings.port);
  return warning(
    "hive",
    `${none}. Port ${settings.port} is taken${by}: rbee hive start would fail`,
    `rbee config set port ${settings.port + 1}`,
  );
}

async function answers(url: string): Promise<boolean> {
  try {
    return (await fetch(`${url}/health`, { signal: AbortSignal.timeout(HEALTH_MS) })).ok;
  } catch {
    return false;
  }
}

/** The key to the hive is nobody else's to read. */
function checkKey(paths: Paths): Finding | undefined {
  const file = tokenFile(paths);
  if (!existsSync(file) || process.platform === "win32" || (statSync(file).mode & 0o077) === 0) return undefined;
  return problem("rights", `Others can read the hive's key ${shortPath(file)}`, `chmod 600 '${file}'`);
}

/** Each installed worker has its tree and its link, and a shell finds it. */
async function checkPrefix(prefix: string, { userPrefix }: Paths, env: Env): Promise<Finding[]> {
  const bin = join(prefix, "bin");
  const records = await new PrefixReader(prefix).records();
  if (records.length === 0) return [];
  const findings = records.map((worker) => checkWorker(worker, bin, env)).filter((finding) => finding !== undefined);
  const mend = prefix === userPrefix ? "rbee path setup" : undefined;
  return [checkPath(bin, env.PATH ?? "", mend), ...findings];
}

function checkWorker(worker: InstalledWorker, bin: string, env: Env): Finding | undefined {
  const again = `rbee worker download ${worker.id} --force`;
  if (!worker.active) return existsSync(worker.tree) ? undefined : lostVersion(worker);
  if (!existsSync(worker.tree)) return problem("worker", `${worker.id} has lost its files (${shortPath(worker.tree)})`, again);
  const link = lstatSync(worker.binary, { throwIfNoEntry: false });
  if (!link) return problem("worker", `${worker.id} has lost its link ${shortPath(worker.binary)}`, "rbee hive restart");
  if (!link.isSymbolicLink() || !resolve(dirname(worker.binary), readlinkSync(worker.binary)).startsWith(worker.tree))
    return problem(
      "worker",
      `${shortPath(worker.binary)} is not rbee's link to ${worker.id} any more`,
      `mv '${worker.binary}' '${worker.binary}.old'; rbee hive restart`,
    );
  return checkShadow(worker.entry.binary_name, bin, env.PATH ?? "") ?? fine("worker", `${worker.id} ${worker.version} is whole`);
}

/** Nothing runs from it: the next start of a hive forgets it. */
function lostVersion({ id, version }: InstalledWorker): Finding {
  return warning("worker", `${id} ${version}, which is kept for a rollback, has lost its files`, "rbee hive restart");
}

async function checkCatalog(place: string, { cache }: Paths, env: Env): Promise<Finding> {
  try {
    const entries = await openCatalog(place, { cacheDir: join(cache, "sources"), env }).list();
    return fine("catalog", `${place} offers ${entries.length} workers`);
  } catch (error) {
    if (!(error instanceof RbeeError)) throw error;
    return problem("catalog", error.message, "rbee config unset catalog  # or mend RBEE_CATALOG");
  }
}

/** Records that could not be read were set aside, never deleted. */
function checkUnreadable({ state, data, userPrefix, systemPrefix }: Paths): Finding | undefined {
  const ours = ["prefixes", "processes", "jobs", "browsers"].map((name) => join(state, name));
  const entries = [userPrefix, systemPrefix].map((prefix) => layoutOf(prefix).catalog);
  const places = [...ours, ...entries, join(data, "model-records"), join(data, "uploads")].filter((place) => existsSync(place));
  const files = places.flatMap((place) =>
    readdirSync(place)
      .filter((name) => name.endsWith(".unreadable"))
      .map((name) => join(place, name)),
  );
  if (files.length === 0) return undefined;
  return warning(
    "records",
    `${files.length} records could not be read and were set aside`,
    `rm -r ${files.map((file) => `'${file}'`).join(" ")}`,
  );
}
