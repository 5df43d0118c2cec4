// The models that are here: one directory each, with the file in it and a record beside.
import { constants, copyFileSync, existsSync, linkSync, mkdirSync, readdirSync, statSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { syncDirectory } from "../lib/atomic.ts";
import { type Collection, openCollection } from "../lib/collection.ts";
import { Model } from "../lib/contract/views.ts";
import { fail } from "../lib/errors.ts";
import { readGguf } from "../lib/gguf.ts";
import { containedPath } from "../lib/paths.ts";
import { removeTree } from "../lib/tree.ts";

export class Models {
  readonly #files: string;
  readonly #records: Collection<Model>;

  constructor(dataDirectory: string) {
    this.#files = join(dataDirectory, "models");
    this.#records = openCollection(join(dataDirectory, "model-records"), Model);
  }

  /** The models whose record and file are both here. */
  async list(): Promise<Model[]> {
    return (await this.#records.list()).filter((model) => existsSync(model.path));
  }

  /** A model by id, or by the path it was added from. @throws MODEL_NOT_FOUND. */
  async get(ref: string): Promise<Model> {
    const models = await this.list();
    const model = models.find(({ id }) => id === ref) ?? models.find(({ source }) => source === resolve(ref));
    if (!model) throw fail("MODEL_NOT_FOUND", { ref });
    return model;
  }

  /**
   * Takes a local GGUF file in: as a second name of the same bytes where the file system can, else as a copy (sharing blocks where it can).
   * @throws FILE_NOT_FOUND, MODEL_UNREADABLE, MODEL_EXISTS.
   */
  async add(written: string): Promise<Model> {
    const source = resolve(written);
    const info = statSync(source, { throwIfNoEntry: false });
    if (!info?.isFile()) throw fail("FILE_NOT_FOUND", { path: written });
    const header = readGguf(source);
    const id = basename(source).replace(/\.gguf$/i, "");
    const existing = (await this.list()).find((model) => model.id === id);
    if (existing?.size_bytes === info.size && existing.source === source) return existing;
    if (existing) throw fail("MODEL_EXISTS", { ref: id });
    const directory = this.#directory(id);
    const path = join(directory, basename(source));
    removeTree(directory);
    mkdirSync(directory, { recursive: true });
    const kept = takeFile(source, path);
    syncDirectory(directory);
    const model: Model = {
      id,
      path,
      size_bytes: info.size,
      format: "gguf",
      parameters: header.parameters,
      added_at: Date.now(),
      source,
      kept,
      ...(header.architecture ? { architecture: header.architecture } : {}),
      ...(header.quantization ? { quantization: header.quantization } : {}),
      ...(header.contextLength ? { context_length: header.contextLength } : {}),
    };
    await this.#records.set(id, model);
    return model;
  }

  /** Forgets a model and removes its file here; the file it was added from stays. Returns the bytes that were freed. */
  async remove(model: Model): Promise<number> {
    await this.#records.remove(model.id);
    removeTree(this.#directory(model.id));
    return model.kept === "copied" ? model.size_bytes : 0;
  }

  /** Sweeps directories that no record names: a crash left them while a model was added or removed. Returns them. */
  async repair(): Promise<string[]> {
    if (!existsSync(this.#files)) return [];
    const known = new Set((await this.#records.list()).map(({ id }) => this.#directory(id)));
    const rubbish = readdirSync(this.#files)
      .map((name) => join(this.#files, name))
      .filter((directory) => !known.has(directory));
    for (const directory of rubbish) removeTree(directory);
    return rubbish;
  }

  #directory(id: string): string {
    return containedPath(this.#files, encodeURIComponent(id).replaceAll(".", "%2E"));
  }
}

function takeFile(source: string, path: string): Model["kept"] {
  try {
    linkSync(source, path);
    return "linked";
  } catch {
    copyFileSync(source, path, constants.COPYFILE_FICLONE);
    return "copied";
  }
}
