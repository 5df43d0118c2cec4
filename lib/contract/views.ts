// What operations answer with: workers, processes, models, machines, as data.
import { z } from "zod";
import { Entry } from "./entry.ts";

/** An entry of the catalog with where it comes from and whether it is here. */
export const CatalogWorker = Entry.and(
  z.object({
    /** `built-in`, or the address or directory of the catalog. */
    origin: z.string(),
    installed: z.boolean(),
    /** Reasons why it cannot run on this machine; empty when it can. */
    unfit: z.array(z.string()),
    /** True when it has the id of a built-in entry and comes from elsewhere. */
    hides_builtin: z.boolean(),
  }),
);

export const InstalledWorker = z.object({
  id: z.string(),
  name: z.string(),
  version: z.string(),
  /** SHA-256 of entry, PKGBUILD and the recipe's local files, in hex. */
  digest: z.string(),
  worker_type: z.string(),
  binary: z.string(),
  tree: z.string(),
  prefix: z.string(),
  origin: z.string(),
  size_bytes: z.number(),
  files: z.number(),
  installed_at: z.number(),
  last_used_at: z.number().optional(),
  entry: Entry,
});
export type InstalledWorker = z.infer<typeof InstalledWorker>;

export const WorkerDetails = z.object({
  id: z.string(),
  /** `installed` when it is here, `catalog` when it is only offered. */
  found_in: z.enum(["installed", "catalog"]),
  installed: z.array(InstalledWorker),
  catalog: CatalogWorker.optional(),
  /** The recipe that would be built, and the digest to confirm it with. */
  recipe: z.object({ text: z.string(), digest: z.string(), files: z.array(z.string()) }).optional(),
});

/** What a worker process was asked since the hive runs. */
export const WorkerUsage = z.object({
  requests: z.number(),
  /** Tokens of its answers; where the worker does not count them, the pieces that they came in. */
  tokens: z.number(),
  /** Requests that it answers now, and that wait for a turn. */
  active: z.number(),
  waiting: z.number(),
  /** The last minutes in slices of so many milliseconds, the oldest first. */
  slice_ms: z.number(),
  request_slices: z.array(z.number()),
  token_slices: z.array(z.number()),
});
export type WorkerUsage = z.infer<typeof WorkerUsage>;

export const WorkerProcess = z.object({
  id: z.string(),
  /** `ready`: answers and was not asked yet; `busy` and `idle`: with and without requests; `unloaded`: starts again on the next request. */
  state: z.enum(["starting", "ready", "busy", "idle", "stopping", "restarting", "unloaded", "stopped", "crashed"]),
  worker_id: z.string(),
  version: z.string(),
  model: z.string().optional(),
  device: z.string().optional(),
  pid: z.number(),
  /** The kernel's start time of the process: with the pid it is the process's identity. */
  start_time: z.string(),
  host: z.string(),
  port: z.number(),
  url: z.string(),
  started_at: z.number(),
  ready_at: z.number().optional(),
  ended_at: z.number().optional(),
  exit: z.string().optional(),
  log: z.string(),
  last_used_at: z.number().optional(),
  /** Idle for this long, it is unloaded; 0 = never. */
  keep_alive_ms: z.number().default(0),
  /** How often it crashed and was started again. */
  restarts: z.number().optional(),
  /** What it was estimated to need. */
  needs_bytes: z.number().optional(),
  /** What it holds in memory now (resident set), where that can be known. */
  memory_bytes: z.number().optional(),
  usage: WorkerUsage.optional(),
});
export type WorkerProcess = z.infer<typeof WorkerProcess>;

export const Model = z.object({
  id: z.string(),
  path: z.string(),
  size_bytes: z.number(),
  format: z.string(),
  architecture: z.string().optional(),
  quantization: z.string().optional(),
  parameters: z.number().optional(),
  context_length: z.number().optional(),
  added_at: z.number(),
  last_used_at: z.number().optional(),
  /** The path, address or repository it came from. */
  source: z.string(),
  /** How the bytes came here: a second name of the same file, a copy, fetched from an address, or in the cache that all clients of the Hub share. */
  kept: z.enum(["linked", "copied", "downloaded", "cached"]),
  /** Every file of it: parts, projector, configuration. */
  files: z.array(z.string()).default([]),
  /** False when its header has no template for a chat: it continues a text. */
  has_chat_template: z.boolean().optional(),
  /** The file that makes it see or hear. */
  projector: z.string().optional(),
  repository: z.object({ cache: z.string(), name: z.string(), commit: z.string() }).optional(),
});
export type Model = z.infer<typeof Model>;

export const ListedModel = Model.extend({
  /** Worker processes that run it. */
  processes: z.array(z.string()),
});

export const ModelDetails = ListedModel.extend({
  /** Everything in a GGUF file's header; of an array only its length. */
  header: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
  /** Memory needed at a context length, in bytes; an estimate. */
  memory: z.array(z.object({ context_length: z.number(), bytes: z.number() })),
  /** What its removal would free. */
  frees_bytes: z.number(),
  /** Installed workers that can run it. */
  workers: z.array(z.string()),
});

/** A model file that is being sent to the hive. */
export const Upload = z.object({
  id: z.string(),
  name: z.string(),
  size_bytes: z.number(),
  /** Bytes that are here: the next piece begins with this one. */
  offset: z.number(),
  started_at: z.number(),
});
export type Upload = z.infer<typeof Upload>;

/** A repository of a Hub, as a search finds it. */
export const HubModel = z.object({
  repo: z.string(),
  downloads: z.number(),
  likes: z.number(),
  updated_at: z.number(),
  /** Given only to those who accepted its terms. */
  gated: z.boolean(),
  /** What it is made for, in the Hub's words: `text-generation`. */
  task: z.string().optional(),
});
export type HubModel = z.infer<typeof HubModel>;

/** One of the models that a repository offers: a quantisation, or all of it. */
export const ModelVariant = z.object({
  /** What to give to `model_download`. */
  ref: z.string(),
  /** The quantisation, when the file's name says it; else the file's name. */
  name: z.string(),
  format: z.string(),
  /** Bytes of all its files, with its projector where it has one. */
  size_bytes: z.number(),
  /** Memory that it needs with a context of some thousand tokens; an estimate. */
  needs_bytes: z.number(),
  fits: z.boolean(),
  /** What is taken when nobody says which. */
  chosen: z.boolean(),
  /** It is on this machine. */
  here: z.boolean(),
});
export type ModelVariant = z.infer<typeof ModelVariant>;

/** One thing that was looked at, and the command that mends it. */
export const Finding = z.object({
  about: z.string(),
  state: z.enum(["fine", "warning", "problem"]),
  message: z.string(),
  mend: z.string().optional(),
});
export type Finding = z.infer<typeof Finding>;

/** A place on disk that rbee holds. */
export const DiskPlace = z.object({
  what: z.string(),
  path: z.string(),
  bytes: z.number(),
  files: z.number(),
  /** True for caches: it can be had again. */
  prunable: z.boolean(),
});

export const Capabilities = z.object({
  platform: z.string(),
  architecture: z.string(),
  cpu: z.object({
    model: z.string(),
    cores: z.number(),
    /** Those of its abilities that engines are built for (`avx2`, `avx512f`, `i8mm`), as the kernel writes them. */
    features: z.array(z.string()).default([]),
  }),
  memory: z.object({ total_bytes: z.number(), available_bytes: z.number() }),
  disk: z.array(z.object({ what: z.string(), path: z.string(), free_bytes: z.number(), total_bytes: z.number() })),
  devices: z.array(z.object({ id: z.string(), kind: z.string(), name: z.string(), memory_bytes: z.number().optional() })),
  toolchains: z.array(z.object({ name: z.string(), version: z.string(), path: z.string() })),
  workers: z.array(z.object({ id: z.string(), version: z.string() })),
  /** By what means a job's processes are found and ended here. */
  process_means: z.string(),
  notes: z.array(z.string()),
});
export type Capabilities = z.infer<typeof Capabilities>;

/** What an install would do, and what stands in its way. */
export const InstallPlan = z.object({
  id: z.string(),
  version: z.string(),
  /** The recipe's digest, to confirm it with. */
  digest: z.string(),
  /** True when the recipe is not built in: it wants `recipe_digest`. */
  needs_confirmation: z.boolean(),
  /** Where it would go; absent when no place can be written. */
  place: z.object({ prefix: z.string(), bin: z.string(), note: z.string().optional(), on_path: z.boolean() }).optional(),
  /** Where there must be room: for the program and for its build; `wanted_bytes` is what a build of its kind commonly takes at its peak. */
  room: z.array(
    z.object({ what: z.enum(["program", "build"]), path: z.string(), free_bytes: z.number(), wanted_bytes: z.number().optional() }),
  ),
  /** What keeps it from being installed, each with what helps. */
  obstacles: z.array(z.object({ message: z.string(), hint: z.string().optional() })),
  /** What is missing and the command that brings it. */
  missing: z.array(z.string()),
  command: z.string().optional(),
  /** What nobody here can tell. */
  unknown: z.array(z.string()),
});
export type InstallPlan = z.infer<typeof InstallPlan>;

/** The shells whose files and completion rbee knows. */
export const Shell = z.enum(["bash", "zsh", "fish", "nushell", "powershell"]);
export type Shell = z.infer<typeof Shell>;
/** One setting as a person sees it. */
export const Setting = z.object({
  key: z.string(),
  /** As it was written. */
  value: z.string(),
  /** `default`, the file, or the variable that it comes from; a variable wins over the file. */
  from: z.string(),
  about: z.string(),
  fallback: z.string(),
  /** The words that it can be; absent where it is free. */
  choices: z.array(z.string()).optional(),
  /** `now`: with the next thing that is done; `restart`: when the hive starts again. */
  counts: z.enum(["now", "restart"]),
});
export type Setting = z.infer<typeof Setting>;

export const PathSetup = z.object({
  shell: Shell,
  directory: z.string(),
  /** The file that is, or would be, changed. */
  file: z.string(),
  line: z.string(),
  /** False when nothing had to be done. */
  changed: z.boolean(),
  /** The copy of the file as it was before. */
  backup: z.string().optional(),
});
export type PathSetup = z.infer<typeof PathSetup>;

/** A browser that signed in. */
export const Browser = z.object({ id: z.string(), name: z.string(), created_at: z.number() });
export type Browser = z.infer<typeof Browser>;
