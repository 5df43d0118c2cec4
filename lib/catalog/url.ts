// A catalog behind an address: a catalog server, or another hive. What it answered last is kept for times without a network.
import { join } from "node:path";
import { ofetch } from "ofetch";
import { CatalogList, Entry } from "../contract/entry.ts";
import { fail, RbeeError } from "../errors.ts";
import { digestOf } from "../hash.ts";
import { describeIssue, messageOf } from "../issues.ts";
import type { Catalog } from "./catalog.ts";
import { keepAnswer, keptAnswer } from "./kept.ts";

/** A catalog is somebody's server: what it sends is bounded. Bytes. */
const MAX_ANSWER = 32 << 20;
const ANSWER_MS = 15_000;

/** The body of an answer; undefined for 404. */
type Ask = (path: string, signal?: AbortSignal) => Promise<Uint8Array | undefined>;

/** `cacheDir` holds the answers of all catalogs. */
export function urlCatalog(base: string, cacheDir: string): Catalog {
  const directory = join(cacheDir, "catalogs", digestOf([base]).slice(0, 32));
  const addressOf = (path: string) => new URL(path, `${base}/`).href;
  const askServer: Ask = async (path, signal) => {
    const bytes = await fetchBytes(base, addressOf(path), signal);
    keepAnswer(directory, addressOf(path), bytes);
    return bytes;
  };
  const askKept: Ask = async (path) => keptAnswer(directory, addressOf(path));
  return { ...catalogFrom(base, askServer), offline: catalogFrom(base, askKept) };
}

function catalogFrom(base: string, ask: Ask): Catalog {
  const askJson = async (path: string, signal?: AbortSignal) => {
    const bytes = await ask(path, signal);
    if (bytes === undefined) return undefined;
    try {
      return JSON.parse(new TextDecoder().decode(bytes)) as unknown;
    } catch {
      throw fail("CATALOG_INVALID", { catalog: base, reason: `${path} is not JSON` });
    }
  };
  return {
    origin: base,
    isRemote: true,
    async list(signal) {
      const answer = CatalogList.safeParse(await askJson("workers", signal));
      if (!answer.success) throw fail("CATALOG_INVALID", { catalog: base, reason: `workers: ${describeIssue(answer.error)}` });
      return answer.data.workers;
    },
    get: (id, signal) => askJson(`workers/${encodeURIComponent(id)}`, signal),
    async file(id, name, signal) {
      if (name !== "PKGBUILD") return ask(`workers/${encodeURIComponent(id)}/files/${encodeURIComponent(name)}`, signal);
      const entry = Entry.safeParse(await askJson(`workers/${encodeURIComponent(id)}`, signal));
      return ask(recipeAddress(base, id, entry.data?.pkgbuild_url), signal);
    },
  };
}

/** An entry's `pkgbuild_url` is relative to its catalog or has its origin. @throws ENTRY_INVALID when it leads elsewhere. */
function recipeAddress(base: string, id: string, written = `workers/${encodeURIComponent(id)}/PKGBUILD`): string {
  const address = new URL(written.replace(/^\/+/, ""), `${base}/`);
  if (address.origin !== new URL(base).origin)
    throw fail("ENTRY_INVALID", { id, reason: `pkgbuild_url: leads to another server (${address.origin})` });
  return address.href;
}

/** The body, or undefined for 404. Fails on time-outs, refusals and bodies over the limit. */
async function fetchBytes(catalog: string, url: string, signal?: AbortSignal): Promise<Uint8Array | undefined> {
  try {
    const limit = AbortSignal.timeout(ANSWER_MS);
    const response = await ofetch.raw(url, {
      responseType: "stream",
      ignoreResponseError: true,
      retry: 1,
      signal: signal ? AbortSignal.any([signal, limit]) : limit,
    });
    if (response.status === 404) return undefined;
    if (!response.ok) throw new Error(`it answered ${response.status} ${response.statusText}`.trim());
    if (url.startsWith("https:") && response.url.startsWith("http:")) throw new Error("it leads away from https");
    return await readBounded(response._data);
  } catch (error) {
    signal?.throwIfAborted();
    if (error instanceof RbeeError) throw error;
    throw fail("CATALOG_UNREACHABLE", { catalog, reason: messageOf((error as { cause?: unknown }).cause ?? error) }, { cause: error });
  }
}

async function readBounded(stream: ReadableStream<Uint8Array> | undefined): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of stream ?? []) {
    size += chunk.length;
    if (size > MAX_ANSWER) throw new Error(`its answer is larger than ${MAX_ANSWER} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
