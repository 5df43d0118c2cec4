// Reads bundles, which may be anybody's file: every entry is looked at, every byte is checked against the manifest, nothing is left of a bad one.
import { chmodSync, closeSync, createReadStream, mkdirSync, openSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import type { Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createZstdDecompress } from "node:zlib";
import { type Extract, extract, type Header } from "tar-stream";
import { fail, RbeeError } from "../errors.ts";
import { digestOf, makeHasher } from "../hash.ts";
import { containedPath } from "../paths.ts";
import { EntryCheck } from "../pkgbuild/sources/inspect.ts";
import { removeTree } from "../tree.ts";
import { type BundleFile, FILES, MANIFEST, MANIFEST_BYTES, type Manifest, parseManifest } from "./manifest.ts";

type TarEntry = Extract extends AsyncIterable<infer Each> ? Each : never;

export interface Bundle {
  readonly manifest: Manifest;
  /** SHA-256 of the manifest, which has the sums of all files: the same digest means the same bytes. */
  readonly digest: string;
}

/** What is never unpacked, whatever a manifest says. */
const LIMITS = { bytes: 64 * 2 ** 30, entries: 1_000_000, ratio: 1_000, freeBytes: 256 * 2 ** 20 };

/** What goes wrong on this machine and not in the archive. */
const OURS = new Set(["ENOSPC", "EDQUOT", "EACCES", "EPERM", "EROFS", "EIO", "EMFILE"]);

/** What a bundle says of itself. @throws FILE_NOT_FOUND, ARCHIVE_REFUSED, STATE_NEWER. */
export async function readBundle(path: string, signal?: AbortSignal): Promise<Bundle> {
  return walkBundle(path, async () => "enough", signal);
}

/** Unpacks a bundle's files into `into`, which is made, and removed again when anything is not as the manifest says. @throws as {@link readBundle}. */
export async function unpackBundle(path: string, into: string, signal?: AbortSignal): Promise<Bundle> {
  mkdirSync(into, { recursive: true });
  try {
    return await walkBundle(path, (bundle, entries, check) => takeFiles(bundle.manifest, entries, { path, into, check }), signal);
  } catch (error) {
    removeTree(into);
    throw error;
  }
}

type Use = (bundle: Bundle, rest: AsyncIterator<TarEntry>, check: EntryCheck) => Promise<unknown>;

async function walkBundle(path: string, use: Use, signal: AbortSignal | undefined): Promise<Bundle> {
  const packedBytes = statSync(path, { throwIfNoEntry: false })?.size;
  if (packedBytes === undefined) throw fail("FILE_NOT_FOUND", { path });
  const check = new EntryCheck({ archive: path, packedBytes, limits: LIMITS });
  const reader = extract();
  reader.on("error", () => {});
  const stop = new AbortController();
  const flow = pipeline(createReadStream(path), createZstdDecompress(), reader as unknown as Writable, {
    signal: AbortSignal.any([stop.signal, ...(signal ? [signal] : [])]),
  });
  flow.catch(() => {});
  try {
    const entries = reader[Symbol.asyncIterator]() as AsyncIterator<TarEntry>;
    const bundle = await takeManifest(entries, check, path);
    if ((await use(bundle, entries, check)) !== "enough") await flow;
    return bundle;
  } catch (error) {
    signal?.throwIfAborted();
    if (error instanceof RbeeError || OURS.has((error as { code?: string }).code ?? "")) throw error;
    throw fail(
      "ARCHIVE_REFUSED",
      { file: path, reason: `it is damaged, or none that rbee made (${(error as Error).message})` },
      { cause: error },
    );
  } finally {
    stop.abort();
    reader.destroy();
  }
}

async function takeManifest(entries: AsyncIterator<TarEntry>, check: EntryCheck, path: string): Promise<Bundle> {
  const { value: first, done } = await entries.next();
  if (done || first.header.name !== MANIFEST || (first.header.size ?? 0) > MANIFEST_BYTES)
    throw fail("ARCHIVE_REFUSED", { file: path, reason: "it does not begin with a description of a worker" });
  check.look(first.header);
  const parts: Uint8Array[] = [];
  for await (const bytes of first) parts.push(bytes as Uint8Array);
  const text = Buffer.concat(parts).toString();
  return { manifest: parseManifest(text, path), digest: digestOf([text]) };
}

interface Target {
  readonly path: string;
  readonly into: string;
  readonly check: EntryCheck;
}

/** Every entry is one of the manifest's, once, and none is missing. */
async function takeFiles(manifest: Manifest, entries: AsyncIterator<TarEntry>, { path, into, check }: Target): Promise<void> {
  const refused = (name: string, reason: string) =>
    fail("ARCHIVE_REFUSED", { file: path, reason: `entry "${name.slice(0, 200)}": ${reason}` });
  const made = new Set<string>();
  const expected = new Map(manifest.files.map((file) => [file.path, file]));
  for (let next = await entries.next(); !next.done; next = await entries.next()) {
    const entry = next.value;
    const { header } = entry;
    check.look(header);
    const name = header.name.startsWith(FILES) ? header.name.slice(FILES.length).replace(/\/$/, "") : "";
    const file = expected.get(name);
    expected.delete(name);
    if (!file || file.type !== header.type) throw refused(header.name, "its description does not name it");
    const target = containedPath(into, name);
    makeDirectory(dirname(target), made);
    const found = await takeFile(entry, target, file);
    if (found) throw refused(header.name, found);
  }
  const [missing] = expected.keys();
  if (missing !== undefined) throw refused(missing, "it is missing");
  for (const file of manifest.files.toReversed()) if (file.type === "directory") chmodSync(containedPath(into, file.path), file.mode);
}

function makeDirectory(path: string, made: Set<string>): void {
  if (made.has(path)) return;
  mkdirSync(path, { recursive: true });
  made.add(path);
}

/** Returns what is wrong with it. */
async function takeFile(entry: TarEntry, target: string, file: BundleFile): Promise<string | undefined> {
  if (file.type === "file") return takeBytes(entry, target, file);
  entry.resume();
  if (file.type === "directory") mkdirSync(target, { recursive: true });
  else if (entry.header.linkname !== file.target) return "it leads elsewhere than its description says";
  else symlinkSync(file.target, target);
  return undefined;
}

async function takeBytes(
  entry: TarEntry,
  target: string,
  { mode, size, sha256 }: BundleFile & { type: "file" },
): Promise<string | undefined> {
  if ((entry.header as Header).size !== size) return "it has another size than its description says";
  const hasher = makeHasher("sha256");
  const file = openSync(target, "wx", mode);
  try {
    for await (const bytes of entry) {
      hasher.update(bytes as Uint8Array);
      writeFileSync(file, bytes as Uint8Array);
    }
  } finally {
    closeSync(file);
  }
  chmodSync(target, mode);
  return hasher.digest() === sha256 ? undefined : "its bytes are not those that its description names";
}
