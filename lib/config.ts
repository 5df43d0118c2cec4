// Settings: what a person may set for good in config.json, for one shell in RBEE_*, for one command with a flag.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { writeFileAtomic } from "./atomic.ts";
import { parseCatalogPlace } from "./catalog/place.ts";
import { Duration } from "./contract/operation.ts";
import { DEFAULT_PORT } from "./contract/operations.ts";
import type { Setting } from "./contract/views.ts";
import { fail } from "./errors.ts";
import { describeIssue, messageOf } from "./issues.ts";
import { nearest } from "./nearest.ts";
import type { Env, Paths } from "./paths.ts";

const number = z.coerce.number("must be a whole number").int("must be a whole number");
const count = (most: number) => number.min(1, "must be 1 or more").max(most, `must be ${most} or less`);
const catalogs = z
  .union([z.string().transform((text) => text.split(",").filter(Boolean)), z.array(z.string().min(1))])
  .superRefine((places, context) => {
    for (const place of places) {
      try {
        parseCatalogPlace(place);
      } catch (error) {
        context.addIssue({ code: "custom", message: messageOf(error) });
      }
    }
  });
/** `16G`, `500M`, bytes; powers of 1000 as disks count. Nothing is no limit. */
const memorySize = z
  .string()
  .regex(/^(\d+(\.\d+)?[kKMGT]?B?)?$/, "must be a size like 16G")
  .transform((text) => {
    const [, amount, unit] = /^([\d.]+)([kKMGT]?)/.exec(text) ?? [];
    return amount === undefined ? undefined : Number(amount) * 1000 ** ["", "K", "M", "G", "T"].indexOf((unit ?? "").toUpperCase());
  });

const portRange = z
  .string()
  .regex(/^\d{1,5}-\d{1,5}$/, "must be two ports like 7840-7999")
  .transform((text) => ({ from: Number(text.split("-")[0]), to: Number(text.split("-")[1]) }))
  .refine(({ from, to }) => from >= 1024 && to <= 65_535 && from <= to, "must be a range within 1024-65535");

/** Every setting: what it takes, what it is without being set (as it would be written), what it is for. */
export const SETTINGS = {
  host: { schema: z.string().min(1), fallback: "127.0.0.1", about: "Address that the hive listens on" },
  port: {
    schema: number.min(0, "must be 0 to 65535").max(65_535, "must be 0 to 65535"),
    fallback: DEFAULT_PORT,
    about: "Port of the hive",
  },
  catalog: { schema: catalogs, fallback: "", about: "Catalogs before the built-in one, by comma" },
  releases: { schema: z.string(), fallback: "", about: "URL of the releases for self update" },
  worker_ports: { schema: portRange, fallback: "7840-7999", about: "Where workers get their ports" },
  builds_at_once: { schema: count(64), fallback: 2, about: "Builds that run beside one another" },
  queued_jobs: { schema: count(100_000), fallback: 1_000, about: "Jobs that may wait" },
  keep_jobs: { schema: count(100_000), fallback: 200, about: "Ended jobs that are kept with their logs" },
  keep_jobs_for: { schema: Duration, fallback: "7d", about: "How long they are kept" },
  journal_mib: { schema: count(65_536), fallback: 64, about: "Size of one job's log, in MiB; then its oldest lines give way" },
  keep_versions: {
    schema: count(100),
    fallback: 2,
    about: "Versions of a worker that stay: the active one, and former ones for a rollback",
  },
  build_cache: {
    schema: memorySize,
    fallback: "10G",
    about: "Size of what was built and is kept to be installed again; 0 = none, nothing = no limit",
  },
  install_timeout: { schema: Duration, fallback: "15m", about: "Limit of worker download; 0 = none" },
  model_timeout: { schema: Duration, fallback: "10m", about: "A model download is given up when nothing comes for this long; 0 = never" },
  spawn_timeout: { schema: Duration, fallback: "0", about: "Limit until a worker is ready; 0 = by the size of its model" },
  reconnect: { schema: Duration, fallback: "30s", about: "How long a command tries a lost connection to the hive again" },
  low_memory: {
    schema: z.enum(["evict", "refuse", "ignore"]),
    fallback: "evict",
    about: "When memory is short: unload idle workers, refuse, or start all the same",
  },
  worker_memory: { schema: memorySize, fallback: "", about: "What all workers may take together (16G); nothing = what is free" },
} as const satisfies Record<string, { schema: z.ZodType; fallback: string | number; about: string }>;

export type SettingName = keyof typeof SETTINGS;
export type Settings = { readonly [Name in SettingName]: z.output<(typeof SETTINGS)[Name]["schema"]> };

/** Those that are read whenever they are needed; the others when a hive starts. */
const READ_ANEW: readonly SettingName[] = ["low_memory", "worker_memory", "releases"];

export const configFile = (paths: Pick<Paths, "config">) => join(paths.config, "config.json");
const names = Object.keys(SETTINGS) as SettingName[];

/** The variable that overrides a setting. */
export const variableOf = (key: SettingName) => `RBEE_${key.toUpperCase()}`;

/** The settings in force: defaults < config.json < RBEE_*. @throws CONFIG_INVALID naming the file or variable and what is wrong. */
export function settingsFrom(paths: Pick<Paths, "config">, env: Env = process.env): Settings {
  const written = listSettings(paths, env);
  return Object.fromEntries(written.map(({ key, value, from }) => [key, parseSetting(key, value, from)])) as unknown as Settings;
}

/** Every setting with where it comes from. @throws CONFIG_INVALID. */
export function listSettings(paths: Pick<Paths, "config">, env: Env = process.env): (Setting & { readonly key: SettingName })[] {
  const file = readConfig(paths);
  return names.map((key) => {
    const variable = env[variableOf(key)];
    const facts = factsOf(key);
    if (variable !== undefined && variable !== "") return { ...facts, value: variable, from: variableOf(key) };
    if (file[key] !== undefined) return { ...facts, value: written(file[key]), from: configFile(paths) };
    return { ...facts, value: facts.fallback, from: "default" };
  });
}

function factsOf(key: SettingName) {
  const { about, fallback, schema } = SETTINGS[key];
  const choices = schema instanceof z.ZodEnum ? { choices: schema.options.map(String) } : {};
  return { key, about, fallback: String(fallback), ...choices, counts: READ_ANEW.includes(key) ? ("now" as const) : ("restart" as const) };
}

/** Writes one setting, or takes it out with undefined. @throws INVALID_INPUT, CONFIG_INVALID. */
export function changeSetting(paths: Pick<Paths, "config">, key: SettingName, value: string | undefined): void {
  const { error } = value === undefined ? {} : (SETTINGS[key].schema as z.ZodType).safeParse(value);
  if (error) throw fail("INVALID_INPUT", { field: key, reason: reasonOf(error) });
  const { [key]: _, ...others } = readConfig(paths);
  writeFileAtomic(configFile(paths), `${JSON.stringify(value === undefined ? others : { ...others, [key]: value }, null, 2)}\n`, 0o600);
}

/** @throws SETTING_UNKNOWN with the nearest one. */
export function settingName(text: string): SettingName {
  const name = names.find((key) => key === text.replaceAll("-", "_"));
  if (name) return name;
  const near = nearest(text, names);
  throw fail("SETTING_UNKNOWN", { key: text, near: near ? `. Did you mean ${near}?` : "" });
}

/** config.json as it stands; empty when there is none. Keys that this rbee does not know are kept: a newer one may have written them. */
function readConfig(paths: Pick<Paths, "config">): Readonly<Record<string, unknown>> {
  const path = configFile(paths);
  if (!existsSync(path)) return {};
  try {
    return z.record(z.string(), z.unknown()).parse(JSON.parse(readFileSync(path, "utf8")));
  } catch (error) {
    const reason = error instanceof z.ZodError ? "it must hold one JSON object" : messageOf(error);
    throw fail("CONFIG_INVALID", { where: path, reason }, { hint: `Mend it, or move it away: ${movingAway(path)}` });
  }
}

/** The line that takes a config.json away which nobody can read. */
export function movingAway(path: string): string {
  return `mv '${path}' '${path}.old'`;
}

function parseSetting(key: SettingName, value: string, from: string): unknown {
  const result = (SETTINGS[key].schema as z.ZodType).safeParse(value);
  if (result.success) return result.data;
  throw fail("CONFIG_INVALID", { where: from, reason: `${key} is "${value}": ${reasonOf(result.error)}` });
}

function reasonOf(error: z.ZodError): string {
  return describeIssue(error).replace(/^it: /, "");
}

function written(value: unknown): string {
  return Array.isArray(value) ? value.join(",") : typeof value === "object" ? JSON.stringify(value) : String(value);
}
