// Every operation of rbee. Commands, help, routes, checks, client methods and the README's table follow from this list.
import { z } from "zod";
import { WorkerId, WorkerRef } from "./entry.ts";
import { LockedModel, LockedWorker, LockFile } from "./lock.ts";
import { argument, Duration, job, type Operation, query, timeout } from "./operation.ts";
import {
  Browser,
  Capabilities,
  CatalogWorker,
  DiskPlace,
  Finding,
  HubModel,
  ImportPlan,
  InstalledWorker,
  InstallPlan,
  ListedModel,
  Model,
  ModelDetails,
  ModelVariant,
  OutdatedWorker,
  PathSetup,
  Setting,
  Shell,
  WorkerDetails,
  WorkerProcess,
} from "./views.ts";

const MINUTE = 60_000;

const installedWorker = argument(WorkerRef, { positional: "one", label: "id", description: "An installed worker: id, or id@version" });
const installedId = argument(WorkerId, { positional: "one", label: "id", description: "An installed worker's id" });
const processId = argument(z.string().regex(/^[a-z0-9-]{1,64}$/, "must be a process id as `rbee ps` shows it"), {
  positional: "one",
  label: "id",
  description: "A worker process, as `rbee ps` shows it",
});
const modelRef = z.string().min(1).max(4096);
const flag = (description: string, alias?: string) => argument(z.boolean().optional(), { description, ...(alias ? { alias } : {}) });

/** On the machine of the hive. */
const bundleFile = z.string().min(1).max(4096);
const recipeDigest = argument(z.string().optional(), { hidden: true, description: "Digest of the recipe that was confirmed" });
const skipProbe = flag("Switch from another version without starting the new one first");
/** Who asks for the rights when all users are meant and the place is not ours: whoever follows the job (`sudo`), or the hive (`pkexec`). */
const elevate = argument(z.enum(["sudo", "pkexec"]).optional(), { hidden: true, description: "How rights are got for the last step" });

const INSTALL_STEPS = [
  "Fetch metadata",
  "Check platform",
  "Download PKGBUILD",
  "Parse PKGBUILD",
  "Check dependencies",
  "Create temp directories",
  "Preflight check",
  "Fetch sources",
  "Build",
  "Package",
  "Install binary",
  "Add to worker catalog",
  "Update capabilities",
  "Cleanup temp files",
] as const;

const IMPORT_STEPS = [
  "Read bundle",
  "Check platform",
  "Preflight check",
  "Unpack and verify",
  "Install binary",
  "Add to worker catalog",
  "Update capabilities",
  "Cleanup temp files",
] as const;

export const operations = {
  worker_catalog_list: query({
    summary: "What the catalog offers",
    command: ["worker", "available"],
    input: {},
    output: z.object({ workers: z.array(CatalogWorker), notes: z.array(z.string()) }),
    examples: ["rbee worker available", "rbee worker available --json"],
  }),
  worker_catalog_get: query({
    summary: "One worker of the catalog, with its recipe",
    command: null,
    input: {
      worker_id: WorkerId,
      /** As the catalogs were last seen, without asking them. */
      offline: z.boolean().optional(),
    },
    output: WorkerDetails,
  }),
  worker_list_installed: query({
    summary: "What is installed",
    command: ["worker", "list"],
    aliases: ["ls"],
    input: {},
    output: z.object({ workers: z.array(InstalledWorker), notes: z.array(z.string()) }),
    examples: ["rbee worker list", "rbee worker ls --json"],
  }),
  worker_installed_get: query({
    summary: "One worker, installed or only in the catalog (it says which)",
    command: ["worker", "get"],
    aliases: ["show"],
    input: { worker_id: argument(WorkerRef, { positional: "one", label: "id", description: "A worker's id" }) },
    output: WorkerDetails,
    examples: ["rbee worker get llama-node-cpu", "rbee worker show llama-node-cpu --json"],
  }),
  worker_install_plan: query({
    summary: "Where a worker would go and what is missing for it, without doing anything",
    command: null,
    input: { worker_id: WorkerId, user: z.boolean().optional(), system: z.boolean().optional(), elevate },
    output: InstallPlan,
  }),
  worker_install: job({
    summary: "Build and install a worker",
    command: ["worker", "download"],
    aliases: ["install"],
    input: {
      worker_id: argument(WorkerId, { positional: "one", label: "id", description: "A worker's id, as `rbee worker available` shows it" }),
      recipe_digest: recipeDigest,
      user: flag("Install for you alone"),
      system: flag("Install for all users of this machine, or fail"),
      prefix: argument(z.string().min(1).optional(), { label: "DIR", description: "Install under this directory" }),
      force: flag("Build again what is already installed"),
      skip_probe: skipProbe,
      elevate,
      offline_build: flag("Close the network once the sources are fetched"),
      offline: flag("Use only what is in the caches, recipes and sources alike, and close the network"),
      locked: argument(LockedWorker.optional(), { hidden: true, description: "What rbee.lock holds of it: anything else is refused" }),
      timeout,
    },
    output: z.object({ worker: InstalledWorker, already_installed: z.boolean(), on_path: z.boolean() }),
    limitMs: 15 * MINUTE,
    steps: INSTALL_STEPS,
    examples: ["rbee worker download llama-node-cpu", "rbee worker download llama-node-cpu --user --timeout 30m"],
  }),
  worker_lock: job({
    summary: "What rbee.lock should hold of workers and models",
    command: null,
    input: { workers: z.array(WorkerId).max(1_000).optional(), models: z.array(modelRef).max(1_000).optional() },
    output: LockFile,
    limitMs: 60 * MINUTE,
  }),
  worker_check: query({
    summary: "Everything that could stop an install or a start, all at once",
    command: ["worker", "check"],
    input: {
      worker_id: argument(WorkerId, { positional: "one", label: "id", description: "A worker's id, as `rbee worker available` shows it" }),
      user: flag("For you alone"),
      system: flag("For all users of this machine"),
      prefix: argument(z.string().min(1).optional(), { label: "DIR", description: "Under this directory" }),
    },
    output: z.object({ id: z.string(), fits: z.boolean(), findings: z.array(Finding) }),
    examples: ["rbee worker check llama-node-cpu", "rbee worker check llm-worker-rbee-cuda --json"],
  }),
  worker_remove: job({
    summary: "Remove an installed worker, binary and all (ID@VERSION: one version)",
    command: ["worker", "remove"],
    aliases: ["rm"],
    input: { worker_id: installedWorker, force: flag("Stop it first when it runs"), elevate, timeout },
    output: z.object({ removed: z.array(InstalledWorker), freed_bytes: z.number() }),
    limitMs: MINUTE / 2,
    examples: ["rbee worker remove llama-node-cpu", "rbee worker rm llama-node-cpu --force"],
  }),
  worker_outdated: query({
    summary: "Installed workers of which the catalog has something newer",
    command: ["worker", "outdated"],
    input: {},
    output: z.object({ workers: z.array(OutdatedWorker), notes: z.array(z.string()) }),
    limitMs: MINUTE,
    examples: ["rbee worker outdated", "rbee worker outdated --json"],
  }),
  worker_upgrade: job({
    summary: "Install what the catalog has now, and switch to it when it starts (without an id: every worker that is outdated)",
    command: ["worker", "upgrade"],
    input: {
      worker_id: argument(WorkerId, { positional: "one", label: "id", mayBeLeftOut: true, description: "An installed worker's id" }),
      recipe_digest: recipeDigest,
      skip_probe: skipProbe,
      elevate,
      offline_build: flag("Close the network once the sources are fetched"),
      timeout,
    },
    /** `former`: the version that was the active one. */
    output: z.object({ worker: InstalledWorker, former: z.string(), outcome: z.enum(["upgraded", "current", "pinned"]) }),
    limitMs: 15 * MINUTE,
    steps: INSTALL_STEPS,
    examples: ["rbee worker upgrade", "rbee worker upgrade llama-node-cpu --timeout 30m"],
  }),
  worker_rollback: job({
    summary: "Go back to the version that was installed before (ID@VERSION: to that one)",
    command: ["worker", "rollback"],
    input: { worker_id: installedWorker, timeout },
    /** `former`: the version that was the active one. */
    output: z.object({ worker: InstalledWorker, former: z.string().nullable() }),
    limitMs: MINUTE / 2,
    examples: ["rbee worker rollback llama-node-cpu", "rbee worker rollback llama-node-cpu@3.22.1"],
  }),
  worker_pin: query({
    summary: "Hold a worker at its version: an upgrade passes it over",
    command: ["worker", "pin"],
    input: { worker_id: installedId },
    output: InstalledWorker,
    examples: ["rbee worker pin llama-node-cpu", "rbee worker pin llama-node-cpu --json"],
  }),
  worker_unpin: query({
    summary: "Let go of a worker that was pinned",
    command: ["worker", "unpin"],
    input: { worker_id: installedId },
    output: InstalledWorker,
    examples: ["rbee worker unpin llama-node-cpu", "rbee worker unpin llama-node-cpu --json"],
  }),
  worker_export: job({
    summary: "Write an installed worker into one file, for a machine of the same kind",
    command: ["worker", "export"],
    input: {
      worker_id: installedWorker,
      file: argument(bundleFile.optional(), {
        positional: "one",
        label: "FILE",
        description: "Where to; a directory is enough (default: here)",
      }),
      force: flag("Replace a file that is there"),
      timeout,
    },
    output: z.object({ file: z.string(), id: z.string(), version: z.string(), bytes: z.number(), files: z.number() }),
    limitMs: 15 * MINUTE,
    examples: ["rbee worker export llama-node-cpu", "rbee worker export llama-node-cpu@3.22.1 /tmp/worker.tar.zst --force"],
  }),
  worker_import_plan: query({
    summary: "What a file holds that was exported elsewhere, without installing it",
    command: null,
    input: { file: bundleFile },
    output: ImportPlan,
    limitMs: MINUTE,
  }),
  worker_import: job({
    summary: "Install a worker that was exported on a machine of the same kind",
    command: ["worker", "import"],
    input: {
      file: argument(bundleFile, { positional: "one", label: "FILE", description: "A file that rbee worker export has written" }),
      bundle_digest: argument(z.string().optional(), { hidden: true, description: "Digest of the bundle that was confirmed" }),
      user: flag("Install for you alone"),
      system: flag("Install for all users of this machine, or fail"),
      prefix: argument(z.string().min(1).optional(), { label: "DIR", description: "Install under this directory" }),
      force: flag("Also when this machine is another kind, or has it already"),
      skip_probe: skipProbe,
      timeout,
    },
    output: z.object({ worker: InstalledWorker, already_installed: z.boolean(), on_path: z.boolean() }),
    limitMs: 15 * MINUTE,
    steps: IMPORT_STEPS,
    examples: ["rbee worker import llama-node-cpu-3.22.1-linux-x86_64.tar.zst", "rbee worker import worker.tar.zst --user --yes"],
  }),
  worker_spawn: job({
    summary: "Start a worker (without arguments: what is installed and fits, last used first)",
    command: ["worker", "spawn"],
    input: {
      worker: argument(WorkerRef.optional(), { label: "ID", description: "The worker to start" }),
      model: argument(modelRef.optional(), { label: "REF", description: "The model to run" }),
      device: argument(
        z
          .string()
          .regex(
            /^(cpu|(cuda|rocm|vulkan|metal)(:\d{1,3}(,\d{1,3})*)?)$/,
            "must be cpu, cuda, rocm, vulkan or metal, with :N for one of several",
          )
          .optional(),
        { label: "D", description: "cpu, cuda, cuda:0, vulkan:1 ...; rbee capabilities shows what is here" },
      ),
      port: argument(z.coerce.number().int().min(1).max(65535).optional(), {
        label: "N",
        description: "Its port (default: a free one from 7840 to 7999)",
      }),
      keep_alive: argument(Duration.optional(), {
        label: "TIME",
        description: "Unload it when nobody asks for this long (default 15m; 0 = never); the next request loads it again",
      }),
      args: argument(z.array(z.string()).optional(), { afterDashes: true, description: "Handed to the worker as they are" }),
      timeout: argument(Duration.optional(), {
        description: "Give up when it is not ready by then (default: 60s and more for a large model; 0 = no limit)",
        label: "TIME",
      }),
    },
    output: WorkerProcess,
    limitMs: 0,
    examples: ["rbee worker spawn", "rbee worker spawn --model stories260K -- --threads 1"],
  }),
  worker_process_list: query({
    summary: "What runs",
    command: ["worker", "process", "list"],
    input: {},
    output: z.object({ processes: z.array(WorkerProcess) }),
    examples: ["rbee ps", "rbee worker process list --json"],
  }),
  worker_process_get: query({
    summary: "One worker process",
    command: ["worker", "process", "get"],
    input: { id: processId },
    output: WorkerProcess,
    examples: ["rbee worker process get 1", "rbee worker process get 1 --json"],
  }),
  worker_process_delete: job({
    summary: "Stop a worker process",
    command: ["worker", "process", "stop"],
    aliases: ["delete"],
    input: { id: processId, timeout },
    output: WorkerProcess,
    limitMs: MINUTE / 2,
    examples: ["rbee worker process stop 1", "rbee worker process delete 1"],
  }),
  model_download: job({
    summary: "Fetch a model from the Hub or an address, or add a local file or directory",
    command: ["model", "download"],
    aliases: ["dl", "pull"],
    input: {
      model: argument(modelRef, {
        positional: "one",
        label: "ref",
        description: "org/repo, org/repo:Q4_K_M, org/repo@revision, org/repo/file.gguf, https://.../x.gguf, a file or a directory",
      }),
      timeout: argument(Duration.optional(), {
        description: "Give up when nothing comes for this long, however long the whole takes (default 10m; 0 = never)",
        label: "TIME",
      }),
      offline: flag("Use only what is in the cache"),
      locked: argument(LockedModel.optional(), { hidden: true, description: "What rbee.lock holds of it: anything else is refused" }),
    },
    output: Model,
    limitMs: 10 * MINUTE,
    limitCounts: "stillness",
    examples: ["rbee model pull Qwen/Qwen3-0.6B-GGUF:Q8_0", "rbee model download ./stories260K.gguf"],
  }),
  model_search: query({
    summary: "Models of the Hub, the most downloaded first",
    command: ["model", "search"],
    input: {
      query: argument(z.string().trim().min(1).max(200), { positional: "one", label: "words", description: "A part of a model's name" }),
      limit: argument(z.coerce.number().int().min(1).max(100).optional(), { label: "N", description: "At most this many (default 20)" }),
      any_format: flag("Also those without GGUF files"),
    },
    output: z.object({ hub: z.string(), models: z.array(HubModel) }),
    examples: ["rbee model search qwen3", 'rbee model search "llama 3.2 instruct" --limit 5'],
  }),
  model_variants: query({
    summary: "What a repository of the Hub offers, what each needs, and what fits this machine",
    command: ["model", "variants"],
    input: {
      model: argument(modelRef, { positional: "one", label: "repo", description: "org/repo, org/repo@revision or its address" }),
    },
    output: z.object({ repo: z.string(), memory_bytes: z.number(), variants: z.array(ModelVariant) }),
    examples: ["rbee model variants Qwen/Qwen3-0.6B-GGUF", "rbee model variants Qwen/Qwen3-0.6B-GGUF --json"],
  }),
  model_list: query({
    summary: "What models are here",
    command: ["model", "list"],
    aliases: ["ls"],
    input: {},
    output: z.object({ models: z.array(ListedModel) }),
    examples: ["rbee model list", "rbee model ls --json"],
  }),
  model_get: query({
    summary: "One model: its header, the memory it needs, which workers can run it",
    command: ["model", "get"],
    aliases: ["show"],
    input: {
      id: argument(modelRef, { positional: "one", label: "ref", description: "A model, as `rbee model list` shows it" }),
      context: argument(z.coerce.number().int().min(1).max(1e9).optional(), {
        label: "N",
        description: "Tell the memory it needs at a context of N tokens, instead of at usual ones",
      }),
    },
    output: ModelDetails,
    examples: ["rbee model get stories260K", "rbee model show stories260K --json", "rbee model get stories260K --context 1024"],
  }),
  model_remove: job({
    summary: "Remove a model",
    command: ["model", "remove"],
    aliases: ["rm"],
    input: { id: argument(modelRef, { positional: "one", label: "ref", description: "A model, as `rbee model list` shows it" }), timeout },
    output: z.object({ id: z.string(), freed_bytes: z.number() }),
    limitMs: MINUTE / 2,
    examples: ["rbee model remove stories260K", "rbee model rm stories260K"],
  }),
  model_prune: job({
    summary: "Remove unfinished downloads, records of files that are gone and, with --unused, models that nobody uses",
    command: ["model", "prune"],
    input: {
      unused: argument(Duration.optional(), { label: "TIME", description: "Also models that were not used for this long (30d)" }),
      dry_run: flag("Only say what would be removed"),
      timeout,
    },
    output: z.object({ removed: z.array(z.string()), freed_bytes: z.number(), dry_run: z.boolean() }),
    limitMs: 5 * MINUTE,
    examples: ["rbee model prune", "rbee model prune --unused 30d --dry-run"],
  }),
  infer: job({
    summary: "Ask a model and stream its answer (starts a worker when none runs the model)",
    command: ["infer"],
    input: {
      prompt: argument(z.string(), { positional: "one", label: "PROMPT", description: "What to ask; - reads it from stdin" }),
      model: argument(modelRef.optional(), { label: "REF", description: "The model to ask" }),
      system: argument(z.string().max(1_000_000).optional(), { label: "TEXT", description: "What the model should be and do" }),
      max_tokens: argument(z.coerce.number().int().min(1).optional(), { label: "N", description: "Stop after this many tokens" }),
      temperature: argument(z.coerce.number().min(0).max(2).optional(), { label: "T", description: "0 (always the same) to 2" }),
      timeout,
    },
    output: z.object({ text: z.string(), model: z.string(), process: z.string(), tokens: z.number().nullable(), ms: z.number() }),
    limitMs: 0,
    examples: ['rbee infer "Once upon a time"', 'rbee infer --model stories260K --max-tokens 50 "Once upon a time"'],
  }),
  hive_check: query({
    summary: "Devices, toolchains, disk and workers of this machine",
    command: ["capabilities"],
    input: { refresh: flag("Look again instead of answering from the last look") },
    output: Capabilities,
    examples: ["rbee capabilities", "rbee capabilities --json"],
  }),
  disk_usage: query({
    summary: "What rbee holds on disk",
    command: ["du"],
    input: {},
    output: z.object({ places: z.array(DiskPlace), total_bytes: z.number(), prunable_bytes: z.number() }),
    limitMs: MINUTE,
    examples: ["rbee du", "rbee du --json"],
  }),
  prune: job({
    summary: "Empty the caches and remove former versions of workers (on a terminal: show what would go; --yes does it)",
    command: ["prune"],
    input: { dry_run: flag("Only show what would go"), timeout },
    output: z.object({ dry_run: z.boolean(), places: z.array(DiskPlace), freed_bytes: z.number() }),
    limitMs: MINUTE,
    examples: ["rbee prune --dry-run", "rbee prune --yes"],
  }),
  elevation_answer: query({
    summary: "How it went with the command of a job's event `elevate`",
    command: null,
    input: {
      job_id: z.string().max(100),
      /** `user`: the rights were refused, and the worker is wanted for this user instead. */
      outcome: z.enum(["done", "refused", "user"]),
      reason: z.string().max(1000).optional(),
    },
    output: z.object({}),
  }),
  doctor: query({
    summary: "What is wrong with this hive's rbee on its machine, and the line that mends it",
    command: null,
    input: {},
    output: z.object({ well: z.boolean(), findings: z.array(Finding) }),
  }),
  config_list: query({
    summary: "Every setting of the hive, with where it comes from",
    command: null,
    input: {},
    output: z.object({ file: z.string(), settings: z.array(Setting) }),
  }),
  config_set: query({
    summary: "Change a setting, or take it back to its default",
    command: null,
    input: {
      key: z.string().max(100),
      /** Absent: the default again. */
      value: z.string().max(10_000).optional(),
    },
    output: Setting,
  }),
  path_setup: query({
    summary: "Put the user's bin directory on PATH, in the shell's own file",
    command: null,
    input: {
      /** Default: the user's bin directory. */
      directory: z.string().startsWith("/").max(4096).optional(),
      /** Default: the one that the user has. */
      shell: Shell.optional(),
      undo: z.boolean().optional(),
      /** Only says what would be written where. */
      dry_run: z.boolean().optional(),
    },
    output: PathSetup,
  }),
  browser_link: query({
    summary: "A link that signs a browser in, once",
    command: null,
    input: {},
    output: z.object({ path: z.string(), expires_at: z.number() }),
  }),
  browser_list: query({
    summary: "The browsers that have a key",
    command: null,
    input: {},
    output: z.object({ browsers: z.array(Browser) }),
  }),
  browser_revoke: query({
    summary: "Take a browser's key back",
    command: null,
    input: { id: z.string().regex(/^[0-9a-f]{8}$/, "must be a browser's id") },
    output: Browser,
  }),
} as const satisfies Record<string, Operation>;

export type OperationName = keyof typeof operations;
export type Input<Name extends OperationName> = z.infer<(typeof operations)[Name]["input"]>;
/** What a caller writes: before defaults and conversions. */
export type InputWritten<Name extends OperationName> = z.input<(typeof operations)[Name]["input"]>;
export type Output<Name extends OperationName> = z.infer<(typeof operations)[Name]["output"]>;

export function isOperation(name: unknown): name is OperationName {
  return typeof name === "string" && Object.hasOwn(operations, name);
}

/** Goes up when a client of one version can no longer talk to a hive of another. */
export const CONTRACT_VERSION = 1;
/** Tells the other side which contract we speak. */
export const CONTRACT_HEADER = "x-rbee-contract";
export const DEFAULT_PORT = 7835;
