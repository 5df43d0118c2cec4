// The ids that a shell completes: read from the names of files, because a person waits at every key. Nothing is parsed, nothing started.
import { readdirSync } from "node:fs";
import { join } from "node:path";
import type { Paths } from "./paths.ts";

/** Every kind of id with how it is found. */
const KINDS = {
  workers: (paths: Paths) => prefixes(paths).flatMap((prefix) => recordsIn(join(prefix, "lib/rbee/catalog"))),
  models: ({ data }: Paths) => recordsIn(join(data, "model-records")),
  jobs: ({ state }: Paths) => namesIn(join(state, "jobs")),
  processes: ({ state }: Paths) => recordsIn(join(state, "processes")),
} as const satisfies Record<string, (paths: Paths) => string[]>;

export type IdKind = keyof typeof KINDS;

/** The ids of one kind; none for a kind that is none. */
export function knownIds(paths: Paths, kind: string): string[] {
  return Object.hasOwn(KINDS, kind) ? [...new Set(KINDS[kind as IdKind](paths))].sort() : [];
}

function prefixes(paths: Paths): string[] {
  return [paths.userPrefix, paths.systemPrefix, ...recordsIn(join(paths.state, "prefixes"))];
}

/** The keys of a collection: see fileName in lib/collection.ts. */
function recordsIn(directory: string): string[] {
  return namesIn(directory).flatMap((name) =>
    name.endsWith(".json") ? [decodeURIComponent(name.slice(0, -".json".length).replaceAll("=", "%"))] : [],
  );
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}
