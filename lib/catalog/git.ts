// A catalog in a git repository at a commit, read from a bare mirror: nothing is checked out, so no link of it can lead anywhere.
// Source: git-ls-tree(1), git-cat-file(1).

import { WorkerId } from "../contract/entry.ts";
import { fail, RbeeError } from "../errors.ts";
import { messageOf } from "../issues.ts";
import type { Env } from "../paths.ts";
import { fetchEnv } from "../pkgbuild/sources/context.ts";
import { withMirror } from "../pkgbuild/sources/repositories.ts";
import { ProcessTree } from "../process-group.ts";
import type { Catalog } from "./catalog.ts";
import { orError, parseEntry } from "./directory.ts";
import type { CatalogPlace } from "./place.ts";

interface Blob {
  readonly oid: string;
  readonly size: number;
}

/** Files by their path in the repository (`<id>/<name>`), at most this many and each at most this large. */
type Files = ReadonlyMap<string, Blob>;
const MAX_FILES = 50_000;
const MAX_FILE_BYTES = 4 << 20;

/** `cacheDir` holds mirrors of repositories, shared with the sources of recipes. */
export function gitCatalog(place: CatalogPlace & { kind: "git" }, ground: { cacheDir: string; env: Env }): Catalog {
  return { ...catalogOf(place, ground, false), offline: catalogOf(place, ground, true) };
}

function catalogOf(place: CatalogPlace & { kind: "git" }, ground: { cacheDir: string; env: Env }, isOffline: boolean): Catalog {
  const { source, commit, origin } = place;
  /** A commit never changes: it is listed once. */
  let files: Files | undefined;
  const inMirror = async <Result>(signal: AbortSignal | undefined, use: (repository: Repository, files: Files) => Promise<Result>) => {
    await using tree = new ProcessTree({ signal });
    try {
      return await withMirror(source, "git", { ...ground, tree, isOffline, signal }, async (_, mirror) => {
        const repository = new Repository(mirror, ground.env, tree);
        files ??= await repository.list(commit);
        return use(repository, files);
      });
    } catch (error) {
      signal?.throwIfAborted();
      if (error instanceof RbeeError && error.code !== "SOURCE_UNAVAILABLE") throw error;
      throw fail("CATALOG_UNREACHABLE", { catalog: origin, reason: messageOf(error) }, { cause: error });
    }
  };
  const read = (path: string, signal?: AbortSignal) =>
    inMirror(signal, async (repository, all) => {
      const blob = all.get(path);
      return blob && (await repository.read([blob]))[0];
    });
  return {
    origin,
    isRemote: true,
    list: (signal) =>
      inMirror(signal, async (repository, all) => {
        const found = [...all].flatMap(([path, blob]) => (path.endsWith("/entry.json") ? [{ id: path.split("/")[0]!, blob }] : []));
        const texts = await repository.read(found.map(({ blob }) => blob));
        const entries = found.map(({ id }, index) => ({ id, text: new TextDecoder().decode(texts[index]) }));
        return entries.map(orError(({ id, text }) => parseEntry(id, text)));
      }),
    async get(id, signal) {
      const text = await read(`${id}/entry.json`, signal);
      return text && parseEntry(id, new TextDecoder().decode(text));
    },
    file: (id, name, signal) => read(`${id}/${name}`, signal),
  };
}

/** Reads objects of a bare repository. */
class Repository {
  constructor(
    readonly directory: string,
    readonly env: Env,
    readonly tree: ProcessTree,
  ) {}

  /** The plain files of a commit that lie one directory deep. Links and submodules are none. */
  async list(commit: string): Promise<Files> {
    const listing = new TextDecoder().decode(await this.#git(["ls-tree", "-r", "-z", "--long", commit]));
    const lines = listing.split("\0").filter(Boolean);
    if (lines.length > MAX_FILES) throw new Error(`it has more than ${MAX_FILES} files`);
    return new Map(
      lines.flatMap((line) => {
        const [, oid, size, path = ""] = /^100(?:644|755) blob ([0-9a-f]+) +(\d+)\t(.*)$/s.exec(line) ?? [];
        const [id, name, ...deeper] = path.split("/");
        if (!oid || !name || deeper.length > 0 || !WorkerId.safeParse(id).success) return [];
        return [[path, { oid, size: Number(size) }] as const];
      }),
    );
  }

  /** The bytes of each, in their order. */
  async read(blobs: readonly Blob[]): Promise<Uint8Array[]> {
    const large = blobs.find(({ size }) => size > MAX_FILE_BYTES);
    if (large) throw new Error(`a file of it is larger than ${MAX_FILE_BYTES} bytes`);
    if (blobs.length === 0) return [];
    const bytes = await this.#git(["cat-file", "--batch"], blobs.map(({ oid }) => `${oid}\n`).join(""));
    let at = 0;
    return blobs.map(({ size }) => {
      const from = bytes.indexOf(0x0a, at) + 1;
      at = from + size + 1;
      return bytes.subarray(from, from + size);
    });
  }

  async #git(words: readonly string[], input = ""): Promise<Uint8Array> {
    const child = this.tree.start(["git", "-C", this.directory, ...words], (argv) =>
      Bun.spawn([...argv], {
        env: { ...fetchEnv(this.env), ...this.tree.env },
        stdin: new TextEncoder().encode(input),
        stdout: "pipe",
        stderr: "pipe",
        detached: true,
      }),
    );
    const [bytes, said, code] = await Promise.all([new Response(child.stdout).bytes(), new Response(child.stderr).text(), child.exited]);
    if (code !== 0) throw new Error(said.trim().split("\n").at(-1) || `git ${words[0]} failed`);
    return bytes;
  }
}
