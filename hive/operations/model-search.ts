// Models that are not here yet: what a Hub has, and which of it fits this machine.
import type { Input, Output } from "../../lib/contract/operations.ts";
import type { Model } from "../../lib/contract/views.ts";
import { fail } from "../../lib/errors.ts";
import { listRepository } from "../../lib/hub/listing.ts";
import { parseModelRef } from "../../lib/hub/ref.ts";
import { searchHub } from "../../lib/hub/search.ts";
import { hubSettings } from "../../lib/hub/settings.ts";
import { variantsOf } from "../../lib/hub/variants.ts";
import type { Hive } from "../hive.ts";
import type { JobContext } from "../job.ts";
import { memoryForModels } from "../model/sources.ts";
import { lookOnce } from "./hive-check.ts";

const USUAL_LIMIT = 20;

export async function modelSearch(
  hive: Hive,
  job: JobContext,
  { query, limit = USUAL_LIMIT, any_format }: Input<"model_search">,
): Promise<Output<"model_search">> {
  const settings = hubSettings(hive.env);
  const format = any_format ? undefined : "gguf";
  return { hub: settings.endpoint, models: await searchHub(query, settings, { limit, format, signal: job.signal }) };
}

export async function modelVariants(
  hive: Hive,
  job: JobContext,
  { model: written }: Input<"model_variants">,
): Promise<Output<"model_variants">> {
  const settings = hubSettings(hive.env);
  const ref = parseModelRef(written, settings);
  if (ref.kind !== "hub") throw fail("MODEL_REF_INVALID", { ref: written }, { hint: "Write a repository of the Hub: org/repo" });
  if (settings.isOffline) throw fail("HUB_OFFLINE", { what: `What ${ref.repo} offers` });
  const { files } = await listRepository(ref, settings, { signal: job.signal });
  const memoryBytes = memoryForModels((await lookOnce(hive)).devices);
  const here = await hive.models.list();
  const variants = variantsOf(files, ref, memoryBytes).map((offer) => ({ ...offer, here: here.some((model) => isFrom(model, offer.ref)) }));
  return { repo: ref.repo, memory_bytes: memoryBytes, variants };
}

/** Ids are written as references are: see hive/model/facts.ts. */
function isFrom({ id, repository }: Model, ref: string): boolean {
  return repository !== undefined && id === ref;
}
