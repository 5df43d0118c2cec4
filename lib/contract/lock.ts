// rbee.lock: exactly which recipes, sources and model files a project was made with.
import { z } from "zod";
import { WorkerId } from "./entry.ts";

/** Goes up when an older rbee could no longer understand the file. */
export const LOCK_VERSION = 1;

const Sha256 = z.string().regex(/^[0-9a-f]{64}$/, "must be a SHA-256 in hexadecimal");
const Text = z.string().min(1).max(4096);
/** Far more than any project has. */
const MOST = 1_000;
const few = <Value extends z.ZodType>(values: z.ZodRecord<z.ZodString, Value>) =>
  values.refine((record) => Object.keys(record).length <= MOST, `must have at most ${MOST} elements`);

export const LockedWorker = z.strictObject({
  /** The engine's, as the entry has it. */
  version: Text,
  /** The catalog that had it; absent for a directory, whose path means nothing elsewhere. Information: what counts are the digests. */
  origin: Text.optional(),
  /** SHA-256 of the entry with sorted keys. */
  entry: Sha256,
  /** SHA-256 of entry, PKGBUILD and the recipe's local files: what an installed worker shows as its digest. */
  recipe: Sha256,
  /** What each source is pinned by (`sha256:…`, `commit:…`), by the source as the recipe writes it; for all architectures of the entry. */
  sources: few(z.record(Text, z.array(Text).max(20))),
});
export type LockedWorker = z.infer<typeof LockedWorker>;

export const LockedModel = z.strictObject({
  /** What to fetch it by; absent for a local file. */
  source: Text.optional(),
  /** The repository's commit. */
  commit: z
    .string()
    .regex(/^[0-9a-f]{40}$/, "must be a commit")
    .optional(),
  /** SHA-256 of every file, by its path in the repository or directory. */
  files: few(z.record(Text, Sha256)),
});
export type LockedModel = z.infer<typeof LockedModel>;

/** The file. Fields that it does not have are errors: what nobody checks would be taken for checked. */
export const LockFile = z.strictObject({
  lock_version: z.literal(LOCK_VERSION),
  workers: few(z.record(z.string(), LockedWorker)).refine(
    (workers) => Object.keys(workers).every((id) => WorkerId.safeParse(id).success),
    "must be named by workers' ids",
  ),
  models: few(z.record(Text, LockedModel)),
});
export type LockFile = z.infer<typeof LockFile>;
