// Where things lie under a prefix.
//
//   lib/rbee/workers/<id>/<version>-<digest>/   a version's tree       bin/<binary>    a link into the active one
//   lib/rbee/catalog/<id>.json                  a worker's entry       lib/rbee/lock   one writer at a time
import { basename, join } from "node:path";
import type { InstalledVersion } from "../contract/views.ts";
import { containedPath } from "../paths.ts";

/** Of a digest's 64 hex characters these many name a tree. */
const DIGEST_CHARACTERS = 12;

export interface Layout {
  readonly prefix: string;
  /** Holds a directory for each worker, and in it one for each version. */
  readonly workers: string;
  readonly catalog: string;
  readonly bin: string;
  readonly lock: string;
}

export function layoutOf(prefix: string): Layout {
  const own = join(prefix, "lib/rbee");
  return { prefix, workers: join(own, "workers"), catalog: join(own, "catalog"), lock: join(own, "lock"), bin: join(prefix, "bin") };
}

/** The directory of a version. @throws UNSAFE_PATH for an id or a version that would lead elsewhere. */
export function treePath({ workers }: Layout, { id, version }: { id: string; version: string }, digest: string): string {
  return containedPath(workers, `${id}/${version}-${digest.slice(0, DIGEST_CHARACTERS)}`);
}

/** Tells the versions of one worker apart, also those that have one number and another recipe: the name of its tree. */
export function keyOf({ tree }: Pick<InstalledVersion, "tree">): string {
  return basename(tree);
}
