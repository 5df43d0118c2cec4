// Writes a bundle: a tar with the manifest first and the files behind it, packed with Zstandard. Whole or absent.
import { createReadStream, createWriteStream, mkdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { pipeline } from "node:stream/promises";
import { createZstdCompress } from "node:zlib";
import { type Pack, pack } from "tar-stream";
import { partialName, syncDirectory } from "../atomic.ts";
import { BUNDLE_FORMAT, type BundleFile, describeFiles, FILES, MANIFEST, type Manifest } from "./manifest.ts";

/** A file of so many bytes is read at once: a stream for each of thousands takes longer than reading them. */
const SMALL = 1 << 20;

export interface BundleContent extends Omit<Manifest, "format" | "files"> {
  /** The directory whose content goes in. */
  readonly root: string;
  /** Paths below it that stay out. */
  readonly except?: readonly string[];
}

interface WriteOptions {
  /** Looks at what is about to be packed; what it throws ends the work. */
  readonly accept?: (manifest: Manifest) => void;
  readonly signal?: AbortSignal | undefined;
}

/** @throws what the file system says, what `accept` throws, the signal's reason; then nothing is at `path` that was not there. */
export async function writeBundle(
  path: string,
  { root, except = [], ...about }: BundleContent,
  { accept, signal }: WriteOptions = {},
): Promise<Manifest> {
  const manifest: Manifest = { format: BUNDLE_FORMAT, ...about, files: await describeFiles(root, except, signal) };
  accept?.(manifest);
  const partial = partialName(path);
  mkdirSync(dirname(path), { recursive: true });
  const tar = pack();
  // Whole members come out of the packer; what goes wrong is told by the pipeline.
  tar.on("error", () => {});
  try {
    const out = createWriteStream(partial, { flags: "wx", flush: true });
    await Promise.all([
      fill(tar, manifest, root),
      pipeline(bytesFrom(tar), createZstdCompress(), out, { signal: signal ?? new AbortController().signal }),
    ]);
    renameSync(partial, path);
    syncDirectory(dirname(path));
    return manifest;
  } finally {
    tar.destroy();
    rmSync(partial, { force: true });
  }
}

async function* bytesFrom(tar: Pack): AsyncGenerator<Uint8Array> {
  for await (const bytes of tar) yield bytes as Uint8Array;
}

async function fill(tar: Pack, manifest: Manifest, root: string): Promise<void> {
  const text = Buffer.from(JSON.stringify(manifest));
  await add(tar, { name: MANIFEST, size: text.length, mode: 0o644 }, text);
  for (const file of manifest.files) await addFile(tar, file, root);
  tar.finalize();
}

function addFile(tar: Pack, file: BundleFile, root: string): Promise<void> {
  const name = `${FILES}${file.path}`;
  if (file.type === "directory") return add(tar, { name: `${name}/`, type: "directory", mode: file.mode });
  if (file.type === "symlink") return add(tar, { name, type: "symlink", linkname: file.target, mode: 0o777 });
  const from = join(root, file.path);
  return add(tar, { name, size: file.size, mode: file.mode }, file.size <= SMALL ? readFileSync(from) : from);
}

type Header = Parameters<Pack["entry"]>[0];

/** `content` is the bytes, or the path of the file that has them. Times are the epoch's: a bundle of the same files is the same. */
function add(tar: Pack, header: Header, content?: Uint8Array | string): Promise<void> {
  return new Promise((resolve, reject) => {
    const done = (error?: Error | null) => (error ? reject(error) : resolve());
    const entry = { ...header, mtime: new Date(0) };
    if (content === undefined) return void tar.entry(entry, done);
    if (typeof content !== "string") return void tar.entry(entry, Buffer.from(content), done);
    const sink = tar.entry(entry, done);
    const source = createReadStream(content);
    source.on("error", reject);
    source.on("data", (bytes) => {
      if (sink.write(bytes)) return;
      source.pause();
      sink.once("drain", () => source.resume());
    });
    source.on("end", () => sink.end(undefined));
  });
}
