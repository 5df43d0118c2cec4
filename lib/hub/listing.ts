// Asks a Hub what a repository holds at a revision, through the Hub's own client.
import { z } from "zod";
import { PassingError, retryAfterOf } from "../download/request.ts";
import { fail, RbeeError } from "../errors.ts";
import type { HubRef } from "./ref.ts";
import { hubRefusal } from "./refusal.ts";
import type { HubSettings } from "./settings.ts";

export interface HubFile {
  readonly path: string;
  readonly size: number;
  /** The name of its blob in the cache, and its checksum: SHA-256 of a large file, git's SHA-1 of a small one. */
  readonly etag: string;
  readonly isLarge: boolean;
}

export interface Listing {
  readonly commit: string;
  readonly files: readonly HubFile[];
}

const Commit = z.object({ sha: z.string().regex(/^[0-9a-f]{40}$/) });
/** A listing comes from outside: what becomes a path or a number here is checked. */
const File = z.object({
  path: z
    .string()
    .min(1)
    .max(1024)
    .refine((path) => path.split("/").every((part) => part !== "" && part !== "." && part !== "..") && !/[\0\\]/.test(path)),
  size: z.number().int().min(0),
  oid: z.string().regex(/^[0-9a-f]{40,64}$/),
  lfs: z.object({ oid: z.string().regex(/^[0-9a-f]{64}$/), size: z.number().int().min(0) }).optional(),
});

const MAX_FILES = 20_000;
const TRIES = 4;
const RETRY_MS = 500;
/** One answer of the Hub's programming interface. */
const ANSWER_MS = 30_000;

/** @throws MODEL_NOT_ON_HUB, MODEL_GATED, HUB_TOKEN_REFUSED, SOURCE_UNAVAILABLE; the signal's reason. */
export async function listRepository(ref: HubRef, settings: HubSettings, { signal }: { signal: AbortSignal }): Promise<Listing> {
  const { listFiles, modelInfo } = await import("@huggingface/hub");
  const options = { hubUrl: settings.endpoint, fetch: hubFetch(ref, settings, signal) };
  try {
    const info = await modelInfo({ name: ref.repo, revision: ref.revision, additionalFields: ["sha"], ...options });
    const commit = Commit.parse(info).sha;
    const files: HubFile[] = [];
    for await (const entry of listFiles({ repo: ref.repo, revision: commit, recursive: true, ...options })) {
      if (entry.type !== "file") continue;
      if (files.length >= MAX_FILES) throw fail("SOURCE_UNAVAILABLE", { url: ref.repo, reason: `it has more than ${MAX_FILES} files` });
      const { path, size, oid, lfs } = File.parse(entry);
      files.push({ path, size: lfs?.size ?? size, etag: lfs?.oid ?? oid, isLarge: lfs !== undefined });
    }
    return { commit, files };
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof RbeeError) throw error;
    const reason = error instanceof z.ZodError ? "it answers what is no listing of files" : (error as Error).message;
    throw fail("SOURCE_UNAVAILABLE", { url: `${settings.endpoint}/${ref.repo}`, reason }, { cause: error });
  }
}

/** A fetch for the Hub's client: signed in, bounded, tried again when a failure may pass, refusals in our words. */
function hubFetch(ref: HubRef, settings: HubSettings, signal: AbortSignal): typeof fetch {
  const ask = async (url: Parameters<typeof fetch>[0]): Promise<Response> => {
    const headers = { "user-agent": "rbee", ...(settings.token ? { authorization: `Bearer ${settings.token}` } : {}) };
    const response = await fetch(url, { headers, signal: AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS)]) });
    if (response.ok) return response;
    const { status } = response;
    if (status === 429 || status >= 500) throw new PassingError(`the Hub answered ${status}`, retryAfterOf(response.headers));
    const body = (await response.json().catch(() => ({}))) as { error?: unknown };
    const errorMessage = response.headers.get("x-error-message") ?? (typeof body.error === "string" ? body.error : undefined);
    throw hubRefusal({ status, errorCode: response.headers.get("x-error-code") ?? undefined, errorMessage }, ref, settings);
  };
  const insist = async (url: Parameters<typeof fetch>[0]): Promise<Response> => {
    for (let attempt = 1; ; attempt++) {
      try {
        return await ask(url);
      } catch (error) {
        if (signal.aborted || error instanceof RbeeError || attempt === TRIES) throw error;
        const pauseMs = (error instanceof PassingError ? error.retryAfterMs : undefined) ?? RETRY_MS * 2 ** attempt;
        await Bun.sleep(pauseMs);
      }
    }
  };
  return insist as typeof fetch;
}
