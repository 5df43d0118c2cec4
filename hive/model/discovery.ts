// Models that another client of the Hub fetched into the cache that all share: they are here, so they are ours to run.
import { existsSync } from "node:fs";
import type { Model } from "../../lib/contract/views.ts";
import { cachedRepositories } from "../../lib/hub/cache.ts";
import { findVariants, selectFiles } from "../../lib/hub/select.ts";
import { hubSettings } from "../../lib/hub/settings.ts";
import type { Env } from "../../lib/paths.ts";
import { hubModel } from "./facts.ts";

/** Snapshots of `main` that hold a whole model which no record knows. What cannot be read is left out. */
export function discoverModels(known: readonly Model[], env: Env): Model[] {
  const recorded = new Set(known.flatMap(({ files }) => files));
  return cachedRepositories(hubSettings(env).cache).flatMap((repository) => {
    const commit = repository.commitOf("main");
    const files = commit ? repository.filesOf(commit) : [];
    const unknown = files.filter(({ path }) => !recorded.has(repository.file(commit!, path)));
    const wanted = findVariants(unknown).map(({ files: [first] }) => first!.path);
    const isWhole =
      !wanted.length && unknown.some(({ path }) => path.endsWith(".safetensors")) && existsSync(repository.file(commit!, "config.json"));
    return [...wanted, ...(isWhole ? [undefined] : [])].flatMap((file) => {
      try {
        const ref = { kind: "hub" as const, repo: repository.repo, revision: "main", ...(file ? { file } : {}) };
        return [hubModel({ repository, commit: commit!, selection: selectFiles(files, ref, Number.POSITIVE_INFINITY) }, ref, known)];
      } catch {
        return [];
      }
    });
  });
}
