// What the operations work with: one value, made by hive/main.ts, handed to every handler.
import { join } from "node:path";
import { z } from "zod";
import type { Catalog } from "../lib/catalog/catalog.ts";
import { openCatalog } from "../lib/catalog.ts";
import { type Collection, openCollection } from "../lib/collection.ts";
import type { InstalledWorker } from "../lib/contract/views.ts";
import { fail } from "../lib/errors.ts";
import type { Env, Paths } from "../lib/paths.ts";
import type { ProcessMeans } from "../lib/process/means.ts";
import { PrefixStore } from "../lib/store/index.ts";
import { keyOf } from "../lib/store/layout.ts";
import { builtinCatalog } from "./catalog/builtin.ts";
import type { Elevation } from "./elevation.ts";
import type { Models } from "./model/models.ts";
import type { Uploads } from "./model/uploads.ts";
import type { Browsers } from "./routes/browsers.ts";
import type { Supervisor } from "./supervisor.ts";

export interface Hive {
  /** The same for every hive on one state directory: marks the processes of its builds. */
  readonly id: string;
  readonly paths: Paths;
  readonly env: Readonly<{ [name: string]: string | undefined }>;
  /** The program that workers and builds use as `rbee` and as `bun`. */
  readonly rbeeBinary: string;
  readonly catalogs: readonly Catalog[];
  readonly stores: Stores;
  readonly models: Models;
  readonly uploads: Uploads;
  readonly supervisor: Supervisor;
  /** How the processes of a build are held together on this machine. */
  readonly means: ProcessMeans;
  readonly browsers: Browsers;
  readonly elevation: Elevation;
}

/** The catalogs to ask, in order; the built-in one is the last. @throws CATALOG_PLACE. */
export function openCatalogs(places: readonly string[], paths: Paths, env: Env): Catalog[] {
  const ground = { cacheDir: join(paths.cache, "sources"), env };
  return [...places.map((place) => openCatalog(place, ground)), builtinCatalog];
}

/** The catalogs; without a network each is what was last seen of it. */
export function catalogsOf({ catalogs }: Hive, { offline }: { offline?: boolean | undefined }): readonly Catalog[] {
  return offline ? catalogs.map((catalog) => catalog.offline ?? catalog) : catalogs;
}

const Prefix = z.object({ prefix: z.string() });

/** The prefixes that workers were ever installed under, and the two that preflight tries. */
export class Stores {
  readonly #known: Collection<z.infer<typeof Prefix>>;
  readonly #fixed: readonly string[];
  readonly #stores = new Map<string, PrefixStore>();

  constructor(
    paths: Paths,
    readonly options: { readonly onUnreadable: (path: string, reason: string) => void; readonly inUse: (tree: string) => boolean },
  ) {
    this.#known = openCollection(join(paths.state, "prefixes"), Prefix, { onUnreadable: options.onUnreadable });
    this.#fixed = [paths.userPrefix, paths.systemPrefix];
  }

  async all(): Promise<PrefixStore[]> {
    const known = (await this.#known.list()).map(({ prefix }) => prefix);
    return [...new Set([...this.#fixed, ...known])].map((prefix) => this.at(prefix));
  }

  at(prefix: string): PrefixStore {
    const store = this.#stores.get(prefix) ?? new PrefixStore(prefix, this.options);
    this.#stores.set(prefix, store);
    return store;
  }

  /** Remembers a prefix, so that its workers are found again. */
  async remember(prefix: string): Promise<void> {
    if (!this.#fixed.includes(prefix)) await this.#known.set(prefix, { prefix });
  }

  /** Every installed worker in its active version: the user's before the system's, as a shell would find them. */
  async list(): Promise<InstalledWorker[]> {
    return (await this.versions()).filter(({ active }) => active);
  }

  /** Every version of every installed worker, in the same order. */
  async versions(): Promise<InstalledWorker[]> {
    const lists = await Promise.all((await this.all()).map((store) => store.list()));
    return lists.flat();
  }

  /** The installed versions that `id` or `id@version` names, of each prefix the active one first; empty when there is none. */
  async find(ref: string): Promise<InstalledWorker[]> {
    const [id, version] = ref.split("@");
    const found = await Promise.all((await this.all()).map((store) => store.find(id!)));
    return found.flat().filter((worker) => version === undefined || worker.version === version || keyOf(worker) === version);
  }

  /** The one version that a reference names, the first in the order of {@link list}. @throws WORKER_NOT_INSTALLED. */
  async get(ref: string): Promise<InstalledWorker> {
    const worker = (await this.find(ref))[0];
    if (!worker) throw fail("WORKER_NOT_INSTALLED", { id: ref });
    return worker;
  }
}
