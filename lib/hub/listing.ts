// Asks a Hub what a repository holds at a revision, through the Hub's own client.
import { z } from "zod";
import { fail, RbeeError } from "../errors.ts";
import { hubFetch } from "./ask.ts";
import type { HubRef } from "./ref.ts";
import { hubRefusal, type Refusal } from "./refusal.ts";
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

/** @throws MODEL_NOT_ON_HUB, MODEL_GATED, HUB_TOKEN_REFUSED, SOURCE_UNAVAILABLE; the signal's reason. */
export async function listRepository(ref: HubRef, settings: HubSettings, { signal }: { signal: AbortSignal }): Promise<Listing> {
  const { listFiles, modelInfo } = await import("@huggingface/hub");
  const refuse = (refusal: Refusal) => hubRefusal(refusal, ref, settings);
  const options = { hubUrl: settings.endpoint, fetch: hubFetch(settings, { refuse, signal }) };
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
