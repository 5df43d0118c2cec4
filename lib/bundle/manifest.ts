// What a bundle says of itself: a built worker, the machine that built it, and every file with its checksum.
import { lstatSync, readlinkSync } from "node:fs";
import { join, relative } from "node:path";
import { z } from "zod";
import { Entry } from "../contract/entry.ts";
import { MachineKind } from "../contract/views.ts";
import { fail } from "../errors.ts";
import { hashFile } from "../hash.ts";
import { describeIssue } from "../issues.ts";
import { walkAll } from "../tree.ts";

/** Goes up when an older rbee could not read what is written. */
export const BUNDLE_FORMAT = 1;
/** The first entry of a bundle. */
export const MANIFEST = "rbee.json";
/** Where the files lie in it. */
export const FILES = "files/";
/** Of a manifest, in bytes: some hundred thousand files. */
export const MANIFEST_BYTES = 64 << 20;

const Sha256 = z.string().regex(/^[0-9a-f]{64}$/, "must be a SHA-256");
const path = z.string().min(1).max(4096);
const mode = z.number().int().min(0).max(0o777);

export const BundleFile = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("file"), path, mode, size: z.number().int().min(0), sha256: Sha256 }),
  z.strictObject({ type: z.literal("directory"), path, mode }),
  z.strictObject({ type: z.literal("symlink"), path, target: z.string().min(1).max(4096) }),
]);
export type BundleFile = z.infer<typeof BundleFile>;

export const Manifest = z.object({
  format: z.literal(BUNDLE_FORMAT),
  entry: Entry,
  /** Of the recipe. */
  digest: Sha256,
  origin: z.string().max(4096),
  built_on: MachineKind,
  built_at: z.number(),
  files: z.array(BundleFile),
});
export type Manifest = z.infer<typeof Manifest>;

/** Reads the text of a manifest that came with the archive `file`. @throws STATE_NEWER, ARCHIVE_REFUSED. */
export function parseManifest(text: string, file: string): Manifest {
  const raw = parseJson(text, file) as { format?: unknown } | null;
  if (typeof raw?.format === "number" && raw.format > BUNDLE_FORMAT)
    throw fail("STATE_NEWER", { path: file, found: raw.format, known: BUNDLE_FORMAT });
  const { data, error } = Manifest.safeParse(raw);
  if (error) throw fail("ARCHIVE_REFUSED", { file, reason: `its description is not right: ${describeIssue(error)}` });
  return data;
}

function parseJson(text: string, file: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw fail("ARCHIVE_REFUSED", { file, reason: "its description is not JSON" }, { cause: error });
  }
}

/** Everything below `root` but `except`, directories before what is in them. @throws the signal's reason. */
export async function describeFiles(root: string, except: readonly string[], signal?: AbortSignal): Promise<BundleFile[]> {
  const files: BundleFile[] = [];
  for (const full of walkAll(root)) {
    const path = relative(root, full);
    const info = lstatSync(full);
    const mode = info.mode & 0o777;
    if (except.includes(path)) continue;
    if (info.isSymbolicLink()) files.push({ type: "symlink", path, target: readlinkSync(full) });
    else if (info.isDirectory()) files.push({ type: "directory", path, mode });
    else files.push({ type: "file", path, mode, size: info.size, sha256: await hashFile(join(root, path), "sha256", { signal }) });
  }
  return files;
}

export function bytesOf({ files }: Manifest): number {
  return files.reduce((sum, file) => sum + (file.type === "file" ? file.size : 0), 0);
}
