// What may be asked of a download.
import type { HashName } from "../hash.ts";
import type { WantedHash } from "./checksum.ts";

export interface DownloadOptions {
  readonly onProgress?: (done: number, total: number | null) => void;
  /** What the file must be; a resumed download of a file without an ETag needs the hash. */
  readonly expected?: { readonly sizeBytes?: number; readonly hash?: WantedHash };
  /** Checksums that are taken while the bytes are written. */
  readonly hashes?: readonly HashName[];
  /** How many parts are fetched at once, where the server gives parts. */
  readonly connections?: number;
  /** Drops a connection when no byte comes for this long. */
  readonly stallMs?: number;
  /** How often in a row a transfer without progress is tried again. */
  readonly retries?: number;
  /** The pause before the first new try; it doubles, unless the server names one. */
  readonly retryMs?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal | undefined;
}
