// What a catalog is, wherever it lies.

/** One place that offers workers. */
export interface Catalog {
  /** `built-in`, a URL, a repository at a commit, or a directory. */
  readonly origin: string;
  /** Its recipes came over a network: they may not read files of this machine. */
  readonly isRemote: boolean;
  /** The same catalog as it was last seen, without a network; absent where none is needed. It throws NOT_CACHED for what was never seen. */
  readonly offline?: Catalog;
  /** All entries as they were found, unchecked; an error in the place of one that could not be read. @throws CATALOG_UNREACHABLE, CATALOG_INVALID. */
  list(signal?: AbortSignal): Promise<unknown[]>;
  /** One entry, unchecked; undefined when this catalog does not have it. */
  get(id: string, signal?: AbortSignal): Promise<unknown | undefined>;
  /** A file of the recipe: `PKGBUILD`, or one that it names. Undefined when there is none. */
  file(id: string, name: string, signal?: AbortSignal): Promise<Uint8Array | undefined>;
}
