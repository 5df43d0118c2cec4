// Finds models on a Hub by words, through the Hub's own client.
import { z } from "zod";
import type { HubModel } from "../contract/views.ts";
import { fail, RbeeError } from "../errors.ts";
import { hubFetch } from "./ask.ts";
import type { Refusal } from "./refusal.ts";
import type { HubSettings } from "./settings.ts";

export interface SearchOptions {
  readonly limit: number;
  /** The Hub's label of a format. */
  readonly format?: string | undefined;
  readonly signal: AbortSignal;
}

/** Somebody waits at a field for the answer: less patience than a download has. */
const TRIES = 2;

/** What comes from outside is shown and becomes a reference: it is checked. */
const Found = z.object({
  name: z.string().regex(/^[\w.-]{1,96}(\/[\w.-]{1,96})?$/),
  downloads: z.number().catch(0),
  likes: z.number().catch(0),
  updatedAt: z.date(),
  gated: z.union([z.boolean(), z.string()]).catch(false),
  task: z.string().max(100).optional().catch(undefined),
});

/** The most downloaded first. @throws HUB_OFFLINE, HUB_TOKEN_REFUSED, SOURCE_UNAVAILABLE; the signal's reason. */
export async function searchHub(query: string, settings: HubSettings, { limit, format, signal }: SearchOptions): Promise<HubModel[]> {
  if (settings.isOffline) throw fail("HUB_OFFLINE", { what: `What ${settings.endpoint} has` });
  const { listModels } = await import("@huggingface/hub");
  const models: HubModel[] = [];
  try {
    const search = { query, ...(format ? { tags: [format] } : {}) };
    const fetch = hubFetch(settings, { refuse: (refusal) => refused(refusal, settings), tries: TRIES, signal });
    for await (const entry of listModels({ search, sort: "downloads", limit, hubUrl: settings.endpoint, fetch }))
      models.push(toModel(entry));
    return models;
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof RbeeError) throw error;
    const isStrange = error instanceof z.ZodError || error instanceof SyntaxError || error instanceof TypeError;
    const reason = isStrange ? "it answers what is no list of models" : (error as Error).message;
    throw fail("SOURCE_UNAVAILABLE", { url: settings.endpoint, reason }, { cause: error });
  }
}

function toModel(entry: unknown): HubModel {
  const { name, updatedAt, gated, task, ...counts } = Found.parse(entry);
  return { repo: name, ...counts, updated_at: updatedAt.getTime() || 0, gated: gated !== false, ...(task ? { task } : {}) };
}

function refused({ status, errorMessage }: Refusal, { endpoint, token }: HubSettings): RbeeError {
  if ((status === 401 || status === 403) && token) return fail("HUB_TOKEN_REFUSED", { hub: endpoint });
  return fail("SOURCE_UNAVAILABLE", { url: endpoint, reason: errorMessage || `the Hub answered ${status}` });
}
