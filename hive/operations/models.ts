// Models: fetched or taken in, listed, shown, removed.
import { existsSync, readdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Input, Output } from "../../lib/contract/operations.ts";
import type { Model, WorkerProcess } from "../../lib/contract/views.ts";
import { fail } from "../../lib/errors.ts";
import { cachedRepositories } from "../../lib/hub/cache.ts";
import { parseModelRef } from "../../lib/hub/ref.ts";
import { hubSettings } from "../../lib/hub/settings.ts";
import { readGguf } from "../../lib/model/gguf.ts";
import { memoryNeeded } from "../../lib/model/memory.ts";
import type { Hive } from "../hive.ts";
import type { JobContext } from "../job.ts";
import { lockedModel, requireFilesAsLocked } from "../locked.ts";
import { addFromAddress, addFromHub, addLocal, memoryForModels } from "../model/sources.ts";
import { canRun } from "../worker/choose.ts";
import { lookOnce } from "./hive-check.ts";

export async function modelDownload(hive: Hive, job: JobContext, input: Input<"model_download">): Promise<Output<"model_download">> {
  const before = new Set((await hive.models.list()).map(({ id }) => id));
  const model = await add(hive, job, input);
  try {
    if (input.locked) requireFilesAsLocked(model.id, input.locked, (await lockedModel(model, job.signal)).files);
  } catch (error) {
    // What was taken in for this alone goes again; what lies in the Hub's cache is shared with others.
    if (!before.has(model.id) && model.kept !== "cached") await hive.models.remove(model);
    throw error;
  }
  return model;
}

async function add(hive: Hive, job: JobContext, { model: written, offline: isOffline, locked }: Input<"model_download">): Promise<Model> {
  const kept = locked && locked.source === undefined ? await keptModel(hive, written) : undefined;
  if (kept) return kept;
  const ref = parseModelRef(written, hubSettings(hive.env));
  const { devices } = await lookOnce(hive);
  const ground = { models: hive.models, env: hive.env, memoryBytes: memoryForModels(devices), isOffline, locked };
  if (ref.kind === "hub") return addFromHub(ref, job, ground);
  if (ref.kind === "url") return addFromAddress(ref.url, job, ground);
  const model = await addLocal(ref.path, ground);
  job.note(model.kept === "linked" ? "Linked: the same bytes under a second name, no space used" : "Copied");
  return model;
}

/** A model that was locked without a source can only be here, or come from a path again. @throws MODEL_NOT_FOUND. */
async function keptModel(hive: Hive, name: string): Promise<Model | undefined> {
  const model = (await hive.models.list()).find(({ id }) => id === name);
  if (model || existsSync(name)) return model;
  const hint = "It was a local file when it was locked; add it by its path: rbee model download PATH --locked";
  throw fail("MODEL_NOT_FOUND", { ref: name }, { hint });
}

export async function modelList(hive: Hive): Promise<Output<"model_list">> {
  return { models: (await hive.models.list()).map((model) => ({ ...model, processes: processesOf(hive, model) })) };
}

/** Context lengths that people choose; the model's own is added. */
const CONTEXTS = [4_096, 8_192, 32_768, 131_072];

export async function modelGet(hive: Hive, _job: JobContext, { id, context }: Input<"model_get">): Promise<Output<"model_get">> {
  const model = await hive.models.get(id);
  const metadata = model.format === "gguf" ? readGguf(model.path).metadata : new Map<string, string | number | boolean>();
  const own = model.context_length ?? CONTEXTS[0]!;
  const contexts = context === undefined ? [...CONTEXTS.filter((length) => length < own), own] : [context];
  return {
    ...model,
    processes: processesOf(hive, model),
    header: Object.fromEntries(metadata),
    memory: contexts.map((context_length) => ({ context_length, bytes: memoryNeeded(model.size_bytes, context_length, metadata) })),
    frees_bytes: await hive.models.freedBy(model),
    workers: (await hive.stores.list()).filter((worker) => canRun(worker, model)).map(({ id: worker }) => worker),
  };
}

export async function modelRemove(hive: Hive, job: JobContext, { id: ref }: Input<"model_remove">): Promise<Output<"model_remove">> {
  const model = await hive.models.get(ref);
  const users = processesOf(hive, model);
  if (users.length > 0) throw fail("MODEL_IN_USE", { ref: model.id, processes: users.join(" ") });
  job.commit();
  // The next request would start them again, without a model.
  for (const { id } of unloadedOf(hive, model)) await hive.supervisor.stop(id);
  return { id: model.id, freed_bytes: await hive.models.remove(model) };
}

/** A download that was written to within this time may be another process's. */
const FRESH_MS = 60 * 60_000;

export async function modelPrune(hive: Hive, job: JobContext, { unused, dry_run }: Input<"model_prune">): Promise<Output<"model_prune">> {
  const dryRun = dry_run ?? false;
  const unfinished = unfinishedDownloads(hive);
  const abandoned = await hive.uploads.abandoned(FRESH_MS);
  const old = unused === undefined ? [] : (await hive.models.list()).filter((model) => isUnused(hive, model, unused));
  const removed = [...unfinished.map(({ path }) => path), ...abandoned.map(({ name }) => `upload:${name}`), ...old.map(({ id }) => id)];
  let freed = unfinished.reduce((sum, { bytes }) => sum + bytes, 0) + abandoned.reduce((sum, { offset }) => sum + offset, 0);
  if (dryRun) {
    const missing = (await hive.models.missing()).map(({ id }) => id);
    for (const model of old) freed += await hive.models.freedBy(model);
    return { removed: [...removed, ...missing], freed_bytes: freed, dry_run: true };
  }
  job.commit();
  for (const { path } of unfinished) rmSync(path, { force: true });
  for (const { id } of abandoned) await hive.uploads.remove(id);
  for (const model of old) {
    for (const { id } of unloadedOf(hive, model)) await hive.supervisor.stop(id);
    freed += await hive.models.remove(model);
  }
  return { removed: [...removed, ...(await hive.models.forgetMissing())], freed_bytes: freed, dry_run: false };
}

function isUnused(hive: Hive, model: Model, unusedMs: number): boolean {
  const usedAt = model.last_used_at ?? model.added_at;
  return Date.now() - usedAt > unusedMs && processesOf(hive, model).length === 0;
}

function unfinishedDownloads(hive: Hive): { path: string; bytes: number }[] {
  const blobs = cachedRepositories(hubSettings(hive.env).cache).map(({ path }) => join(path, "blobs"));
  return [...blobs, ...directoriesIn(join(hive.paths.data, "models"))].flatMap((directory) =>
    namesIn(directory)
      .filter((name) => name.includes(".rbee-part-"))
      .map((name) => join(directory, name))
      .filter((path) => Date.now() - statSync(path).mtimeMs > FRESH_MS)
      .map((path) => ({ path, bytes: statSync(path).blocks * 512 })),
  );
}

function processesOf(hive: Hive, { id }: Model): string[] {
  return hive.supervisor
    .running()
    .filter(({ model }) => model === id)
    .map((process) => process.id);
}

function unloadedOf(hive: Hive, { id }: Model): WorkerProcess[] {
  return hive.supervisor.list().filter(({ model, state }) => model === id && state === "unloaded");
}

function directoriesIn(directory: string): string[] {
  return namesIn(directory).map((name) => join(directory, name));
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}
