// Looks at every entry of a tar stream before it is handed on: what would leave the directory, or is a trap, ends the stream with an error.
import type { Readable, Writable } from "node:stream";
import { type Extract, extract, type Header, type Pack, pack } from "tar-stream";
import { fail } from "../../errors.ts";
import type { ExtractLimits } from "./context.ts";

/** Kinds of entries that sources are made of. */
const HARMLESS = new Set(["file", "contiguous-file", "link", "symlink", "directory"]);

/** What an archive may become, and how large it is itself. */
export interface Inspection {
  readonly archive: string;
  readonly packedBytes: number;
  readonly limits: ExtractLimits;
}

/** Copies a tar stream entry by entry; resolves when the last was handed on. @throws ARCHIVE_REFUSED for the first entry that may not be. */
export async function copyChecked(from: Readable, to: Writable, inspection: Inspection): Promise<void> {
  const reader = extract();
  const writer = pack();
  const check = new EntryCheck(inspection);
  // What goes wrong in a stream is told by the loop below; a stream that nobody listens to would end the process.
  for (const stream of [reader, writer]) stream.on("error", () => {});
  from.on("error", (error) => reader.destroy(error));
  from.pipe(reader as unknown as Writable);
  writer.pipe(to as unknown as Parameters<typeof writer.pipe>[0]);
  try {
    for await (const entry of reader) {
      check.look(entry.header);
      await copyEntry(entry, writer);
    }
  } finally {
    from.unpipe();
  }
  writer.finalize();
}

type TarEntry = Extract extends AsyncIterable<infer Each> ? Each : never;

function copyEntry(entry: TarEntry, writer: Pack): Promise<void> {
  // Only what was looked at: other records of a header could say another name.
  const { name, size, mode, mtime, type, linkname } = entry.header;
  const header = { name, size, mtime, type, linkname, mode: mode & 0o777 };
  return new Promise((resolve, reject) => {
    const copy = writer.entry(header, (error) => (error ? reject(error) : resolve()));
    entry.on("error", reject);
    if (size > 0) entry.pipe(copy);
    else {
      entry.resume();
      if (type === "file") copy.end(undefined);
    }
  });
}

/** The rules, with what they must remember of earlier entries. */
export class EntryCheck {
  readonly #links = new Set<string>();
  #entries = 0;
  #bytes = 0;

  constructor(readonly about: Inspection) {}

  /** @throws ARCHIVE_REFUSED with the entry and the reason. */
  look(header: Header): void {
    const type = header.type ?? "file";
    const parts = this.#parts(header.name, header.name);
    if (!HARMLESS.has(type)) throw this.#refused(header.name, `it is a ${type}`);
    if (type !== "directory" && ((header.mode ?? 0) & 0o6000) !== 0 && type !== "symlink")
      throw this.#refused(header.name, "it is setuid or setgid");
    this.#refuseThroughLink(parts, header.name);
    if (type === "link") this.#refuseThroughLink(this.#parts(header.linkname ?? "", header.name), header.name, true);
    if (type === "symlink") this.#links.add(parts.join("/"));
    else this.#links.delete(parts.join("/"));
    this.#count(header);
  }

  #parts(path: string, entry: string): string[] {
    if (path.startsWith("/")) throw this.#refused(entry, "it names an absolute path");
    if (path.includes("\0") || path === "") throw this.#refused(entry, "its name is not a path");
    const parts = path.split("/").filter((part) => part !== "" && part !== ".");
    if (parts.includes("..")) throw this.#refused(entry, "it leads out of the directory");
    return parts;
  }

  /** A link made earlier must not become a way for a later entry; a hard link must not be one's other name. */
  #refuseThroughLink(parts: readonly string[], entry: string, isTarget = false): void {
    for (let length = 1; length < parts.length + (isTarget ? 1 : 0); length++)
      if (this.#links.has(parts.slice(0, length).join("/"))) throw this.#refused(entry, "it leads through a symbolic link");
  }

  #count(header: Header): void {
    const { entries, bytes, ratio, freeBytes } = this.about.limits;
    this.#entries++;
    this.#bytes += header.size ?? 0;
    if (this.#entries > entries) throw this.#refused(header.name, `there are more than ${entries} entries`);
    if (this.#bytes > bytes) throw this.#refused(header.name, `it unpacks to more than ${bytes} bytes`);
    if (this.#bytes > freeBytes && this.#bytes > ratio * this.about.packedBytes)
      throw this.#refused(header.name, `it unpacks to more than ${ratio} times its size`);
  }

  #refused(entry: string, reason: string) {
    return fail("ARCHIVE_REFUSED", { file: this.about.archive, reason: `entry "${entry.slice(0, 200)}": ${reason}` });
  }
}
