// Unpacks the archives among the sources, by what they are and not by their names. Source: libmakepkg/source/file.sh, extract_file().
import { closeSync, openSync, readSync } from "node:fs";
import { join } from "node:path";
import { fail } from "../../errors.ts";
import { outputOf } from "../../shell.ts";
import type { FetchContext } from "./index.ts";

/** First bytes of what is unpacked. Source: the magic database of file(1). */
const MAGIC: readonly { readonly at: number; readonly bytes: string; readonly program: "tar" | "zip" }[] = [
  { at: 0, bytes: "1f8b", program: "tar" },
  { at: 0, bytes: "425a68", program: "tar" },
  { at: 0, bytes: "fd377a585a00", program: "tar" },
  { at: 0, bytes: "28b52ffd", program: "tar" },
  { at: 257, bytes: "7573746172", program: "tar" },
  { at: 0, bytes: "504b0304", program: "zip" },
];

/** Extracts a file of the source directory into it; leaves what is not an archive. @throws SOURCE_UNAVAILABLE when an archive cannot be read. */
export async function extract(name: string, context: FetchContext): Promise<void> {
  const program = archiveProgram(join(context.srcDir, name));
  if (!program) return;
  const $ = context.shell();
  try {
    // Neither program writes outside the directory: absolute names and `..` are refused by bsdtar by default and stripped by tar and unzip.
    if (Bun.which("bsdtar")) await $`bsdtar --no-same-owner -xf ${name}`;
    else if (program === "zip") await $`unzip -q -o ${name}`;
    else await $`tar --no-same-owner -xf ${name}`;
  } catch (error) {
    context.signal?.throwIfAborted();
    throw fail("SOURCE_UNAVAILABLE", { url: name, reason: outputOf(error).split("\n")[0] || "it cannot be unpacked" }, { cause: error });
  }
}

function archiveProgram(path: string): "tar" | "zip" | undefined {
  const head = Buffer.alloc(512);
  const file = openSync(path, "r");
  try {
    readSync(file, head, 0, head.length, 0);
  } finally {
    closeSync(file);
  }
  return MAGIC.find(({ at, bytes }) => head.subarray(at, at + bytes.length / 2).toString("hex") === bytes)?.program;
}
