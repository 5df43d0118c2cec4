// Model files that a browser sends: piece after piece, each on disk before it is acknowledged, continued where it broke off, taken in when whole.
// Source: tus resumable upload protocol 1.0 (offsets, PATCH); the draft "Resumable Uploads for HTTP" says the same in other headers.
import { existsSync, mkdirSync, readdirSync, statSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { type Collection, openCollection } from "../../lib/collection.ts";
import { type Model, Upload } from "../../lib/contract/views.ts";
import { requireRoom } from "../../lib/disk-usage.ts";
import { fail } from "../../lib/errors.ts";
import { digestOf } from "../../lib/hash.ts";
import { containedPath } from "../../lib/paths.ts";
import { removeTree } from "../../lib/tree.ts";
import type { Models } from "./models.ts";
import { addUploaded, uploadedId } from "./sources.ts";

/** One request may carry this much: what a broken connection can cost, and what one reader can hold up. */
const MAX_PIECE_BYTES = 32 << 20;
/** Unfinished ones at once; more are refused. */
const MAX_OPEN = 32;
/** The first bytes of the formats that are one file. Source: ggml's docs/gguf.md; whisper.cpp, GGML_FILE_MAGIC. */
const MAGICS = ["GGUF", "lmgg"];

/** A plain name of one GGUF or ggml file: no directory, nothing hidden, nothing that a terminal would obey. */
const FileName = z
  .string()
  .max(200)
  .regex(/^[^./\\\p{C}][^/\\\p{C}]*$/u, "must be a plain file name")
  .regex(/(\.gguf|(^|\/)ggml-[^/]*\.bin)$/i, "must be a GGUF file (or whisper's ggml-*.bin); add other formats by their path")
  .refine((name) => !/-\d{5}-of-\d{5}\.gguf$/i.test(name), "is a part of a split model: add it by its path");

export const UploadWish = z.strictObject({
  name: FileName,
  size_bytes: z.number().int().min(1).max(Number.MAX_SAFE_INTEGER),
  /** When the file was changed last: with name and size it tells whether what came before is of the same file. */
  modified_at: z.number().default(0),
});

interface Ground {
  readonly models: Models;
  readonly directory: string;
}

export class Uploads {
  readonly #records: Collection<Upload>;
  readonly #directory: string;
  readonly #models: Models;
  readonly #busy = new Set<string>();

  constructor({ directory, models }: Ground) {
    this.#directory = directory;
    this.#records = openCollection(directory, Upload);
    this.#models = models;
  }

  /** Those that are not whole yet. */
  list(): Promise<Upload[]> {
    return this.#records.list();
  }

  /** A new upload, or the one of the same file that broke off. @throws MODEL_EXISTS, DISK_SHORT, UPLOADS_FULL. */
  async begin({ name, size_bytes, modified_at }: z.output<typeof UploadWish>): Promise<Upload> {
    const id = digestOf([name, String(size_bytes), String(modified_at)]).slice(0, 32);
    const known = await this.#records.get(id);
    if (known) return known;
    await this.#models.checkFree(uploadedId(name));
    if ((await this.list()).length >= MAX_OPEN) throw fail("UPLOADS_FULL", { limit: MAX_OPEN });
    mkdirSync(join(this.#directory, id), { recursive: true, mode: 0o700 });
    requireRoom(this.#directory, name, size_bytes);
    const upload = { id, name, size_bytes, offset: 0, started_at: Date.now() };
    await this.#records.set(id, upload);
    return upload;
  }

  /**
   * Writes the next piece. What came before a broken connection stays. With the last one the file becomes a model.
   * @throws UPLOAD_NOT_FOUND, UPLOAD_OFFSET with where it stands, UPLOAD_BUSY, BODY_TOO_LARGE; MODEL_UNREADABLE when it is none: then nothing of it is kept.
   */
  async write(id: string, offset: number, body: ReadableStream<Uint8Array>): Promise<Upload & { model?: Model }> {
    if (this.#busy.has(id)) throw fail("UPLOAD_BUSY", { id });
    this.#busy.add(id);
    try {
      const upload = await this.#find(id);
      if (offset !== upload.offset)
        throw fail("UPLOAD_OFFSET", { name: upload.name, offset: upload.offset }, { data: { offset: upload.offset } });
      const written = await this.#append(upload, body);
      if (written.offset < written.size_bytes) return written;
      const model = await addUploaded(this.#file(written), this.#models).catch((error: unknown) => this.#refuse(id, error));
      await this.#forget(id);
      return { ...written, model };
    } finally {
      this.#busy.delete(id);
    }
  }

  /** Forgets an unfinished upload with what came of it. @throws UPLOAD_NOT_FOUND, UPLOAD_BUSY. */
  async remove(id: string): Promise<Upload> {
    if (this.#busy.has(id)) throw fail("UPLOAD_BUSY", { id });
    const upload = await this.#find(id);
    await this.#forget(id);
    return upload;
  }

  /** Those that nothing came of for `ms`. */
  async abandoned(ms: number): Promise<Upload[]> {
    const writtenAt = (upload: Upload) => statSync(this.#file(upload), { throwIfNoEntry: false })?.mtimeMs ?? upload.started_at;
    return (await this.list()).filter((upload) => !this.#busy.has(upload.id) && Date.now() - writtenAt(upload) > ms);
  }

  /** Sweeps what no record names: a crash left it. Returns the directories. */
  async repair(): Promise<string[]> {
    if (!existsSync(this.#directory)) return [];
    const known = new Set((await this.list()).map(({ id }) => id));
    const rubbish = readdirSync(this.#directory, { withFileTypes: true }).filter((each) => each.isDirectory() && !known.has(each.name));
    for (const { name } of rubbish) removeTree(join(this.#directory, name));
    return rubbish.map(({ name }) => join(this.#directory, name));
  }

  async #append(upload: Upload, body: ReadableStream<Uint8Array>): Promise<Upload> {
    await using file = await open(this.#file(upload), upload.offset === 0 ? "w+" : "r+");
    // What was written behind the acknowledged end before a crash may be anything.
    await file.truncate(upload.offset);
    let { offset } = upload;
    try {
      for await (const bytes of body) {
        const end = offset + bytes.length;
        const limit = Math.min(upload.size_bytes, upload.offset + MAX_PIECE_BYTES);
        if (end > limit) throw fail("BODY_TOO_LARGE", { limit: limit - upload.offset });
        await writeAll(file, bytes, offset);
        offset = end;
      }
    } finally {
      await file.datasync();
      await this.#records.set(upload.id, { ...upload, offset });
    }
    if (!(await isModel(file, offset))) await this.#refuse(upload.id, unreadable(upload.name));
    return { ...upload, offset };
  }

  /** What is no model is not kept. */
  async #refuse(id: string, error: unknown): Promise<never> {
    await this.#forget(id);
    throw error;
  }

  async #forget(id: string): Promise<void> {
    await this.#records.remove(id);
    removeTree(join(this.#directory, id));
  }

  async #find(id: string): Promise<Upload> {
    const upload = /^[0-9a-f]{32}$/.test(id) ? await this.#records.get(id) : undefined;
    if (!upload) throw fail("UPLOAD_NOT_FOUND", { id });
    return upload;
  }

  #file({ id, name }: Upload): string {
    return containedPath(join(this.#directory, id), name);
  }
}

/** False as soon as the first bytes say so: nobody sends gigabytes to be refused then. */
async function isModel(file: FileHandle, length: number): Promise<boolean> {
  if (length < 4) return true;
  const { buffer } = await file.read(Buffer.alloc(4), 0, 4, 0);
  return MAGICS.includes(buffer.toString("latin1"));
}

function unreadable(name: string) {
  return fail("MODEL_UNREADABLE", { path: name, reason: "it does not begin as a model file does" });
}

async function writeAll(file: FileHandle, bytes: Uint8Array, at: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) done += (await file.write(bytes, done, bytes.length - done, at + done)).bytesWritten;
}
