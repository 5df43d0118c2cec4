// Fetches a file over HTTP: in several parts at once, resumed where it broke off, hashed while it is written, never half there under its own name.
import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { isDiskError } from "./download/failures.ts";
import type { DownloadOptions } from "./download/options.ts";
import { Part } from "./download/part.ts";
import { Transfer } from "./download/transfer.ts";
import { fail, RbeeError } from "./errors.ts";

/**
 * Fetches `url` into `path`. What an earlier try left is continued when the server still has the same file (RFC 9110, 14.2; If-Range 13.1.5).
 * Returns the digests of the whole file that `hashes` asks for, in that order.
 * Only one process at a time may work on one path: callers that share it hold a lock.
 * @throws SOURCE_UNAVAILABLE naming what went wrong, with a RefusedError as its cause when the server refused; DOWNLOAD_DAMAGED; the signal's reason.
 */
export async function download(url: string, path: string, options: DownloadOptions = {}): Promise<string[]> {
  mkdirSync(dirname(path), { recursive: true });
  using part = new Part(path);
  const transfer = new Transfer(url, part, options);
  try {
    const digests = await transfer.run();
    part.finish();
    return digests;
  } catch (error) {
    part.save();
    options.signal?.throwIfAborted();
    if (error instanceof RbeeError || isDiskError(error)) throw error;
    throw fail("SOURCE_UNAVAILABLE", { url, reason: error instanceof Error ? error.message : String(error) }, { cause: error });
  }
}
