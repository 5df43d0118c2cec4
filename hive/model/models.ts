// The models that are here: a record each, their files in a directory of ours or in the cache that all clients of the Hub share.
import { existsSync, readdirSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { type Collection, type OnUnreadable, openCollection } from "../../lib/collection.ts";
import { Model } from "../../lib/contract/views.ts";
import { fail } from "../../lib/errors.ts";
import { CachedRepository } from "../../lib/hub/cache.ts";
import { containedPath, type Env } from "../../lib/paths.ts";
import { removeTree, sizeOf } from "../../lib/tree.ts";
import { discoverModels } from "./discovery.ts";

/** How often the time of last use is written down. */
const TOUCH_MS = 60_000;

export class Models {
  readonly #files: string;
  readonly #records: Collection<Model>;
  readonly #env: Env;
  readonly #touchedAt = new Map<string, number>();

  constructor(dataDirectory: string, env: Env, onUnreadable?: OnUnreadable) {
    this.#files = join(dataDirectory, "models");
    this.#records = openCollection(join(dataDirectory, "model-records"), Model, { keepsRead: true, onUnreadable });
    this.#env = env;
  }

  /** The models whose record and files are here, and those that another client of the Hub fetched. */
  async list(): Promise<Model[]> {
    const known = (await this.#records.list()).filter(isHere);
    const found = discoverModels(known, this.#env);
    for (const model of found) await this.#records.set(model.id, model);
    return [...known, ...found];
  }

  /** A model by id, by the path or address it came from, or by a part of its id that only it has. @throws MODEL_NOT_FOUND. */
  async get(ref: string): Promise<Model> {
    const models = await this.list();
    const model = models.find(({ id }) => id === ref) ?? models.find(({ source }) => source === ref || source === resolve(ref));
    const near = model ? [model] : models.filter((candidate) => namesOf(candidate).includes(ref.replace(/^hf:(\/\/)?/, "").toLowerCase()));
    if (near.length !== 1) throw fail("MODEL_NOT_FOUND", { ref });
    return near[0]!;
  }

  /** @throws MODEL_EXISTS when a model has that id. */
  async checkFree(id: string): Promise<void> {
    if ((await this.list()).some((model) => model.id === id)) throw fail("MODEL_EXISTS", { ref: id });
  }

  async remember(model: Model): Promise<Model> {
    await this.#records.set(model.id, model);
    return model;
  }

  /** Notes that a model was used, at most once a minute. */
  async touch(id: string): Promise<void> {
    if (performance.now() - (this.#touchedAt.get(id) ?? Number.NEGATIVE_INFINITY) < TOUCH_MS) return;
    this.#touchedAt.set(id, performance.now());
    const model = await this.#records.get(id);
    if (model) await this.#records.set(id, { ...model, last_used_at: Date.now() });
  }

  /** Bytes that {@link remove} would free. */
  async freedBy(model: Model): Promise<number> {
    if (model.kept === "linked") return 0;
    if (model.kept !== "cached" || !model.repository) return sizeOf(this.directory(model.id));
    return cachedIn(model.repository).freedBy(await this.#ownFiles(model));
  }

  /** Forgets a model and removes its files, as far as no other model needs them; a file it was added from stays. Returns the bytes that were freed. */
  async remove(model: Model): Promise<number> {
    const freed = await this.freedBy(model);
    const own = await this.#ownFiles(model);
    await this.#records.remove(model.id);
    if (model.kept === "cached" && model.repository) cachedIn(model.repository).remove(own);
    else removeTree(this.directory(model.id));
    return freed;
  }

  /** Those of its files that no other model needs. */
  async #ownFiles(model: Model): Promise<string[]> {
    const others = (await this.#records.list()).filter(({ id }) => id !== model.id);
    const shared = new Set(others.flatMap(({ files }) => files));
    return model.files.filter((file) => !shared.has(file));
  }

  /** Records whose files are gone. */
  async missing(): Promise<Model[]> {
    return (await this.#records.list()).filter((model) => !isHere(model));
  }

  /** Forgets models whose files are gone. Returns their ids. */
  async forgetMissing(): Promise<string[]> {
    const missing = await this.missing();
    for (const { id } of missing) await this.#records.remove(id);
    return missing.map(({ id }) => id);
  }

  /** Sweeps directories that no record names: a crash left them while a model was added or removed. Returns them. */
  async repair(): Promise<string[]> {
    if (!existsSync(this.#files)) return [];
    const known = new Set((await this.#records.list()).map(({ id }) => this.directory(id)));
    const rubbish = readdirSync(this.#files)
      .map((name) => join(this.#files, name))
      // What an address gave so far is kept for the next try; `model prune` sweeps it.
      .filter((directory) => !known.has(directory) && !holdsUnfinished(directory));
    for (const directory of rubbish) removeTree(directory);
    return rubbish;
  }

  /** Where the files of a model lie that is not in the Hub's cache. */
  directory(id: string): string {
    return containedPath(this.#files, encodeURIComponent(id).replaceAll(".", "%2E"));
  }
}

function cachedIn({ cache, name }: NonNullable<Model["repository"]>): CachedRepository {
  return new CachedRepository(cache, name);
}

/** Any part of a split model that is gone makes it useless. */
function isHere({ path, files }: Model): boolean {
  return existsSync(path) && files.every((file) => existsSync(file));
}

/** What people call a model besides its id, in lower case. */
function namesOf({ id }: Model): string[] {
  const lower = id.toLowerCase();
  const [repo = "", label] = lower.split(":");
  const short = repo.split("/").at(-1) ?? "";
  return [lower, repo, short, ...(label ? [`${short}:${label}`] : []), short.replace(/\.gguf$/, "")];
}

function holdsUnfinished(directory: string): boolean {
  return statSync(directory).isDirectory() && readdirSync(directory).some((name) => name.includes(".rbee-part-download"));
}
