// Checksums of files and bytes.
import { createReadStream } from "node:fs";

export type HashName = "md5" | "sha1" | "sha224" | "sha256" | "sha384" | "sha512" | "blake2b512";

/** The checksum of a file in hex, read in pieces. Rejects with the signal's reason when it fires. */
export async function hashFile(
  path: string,
  name: HashName = "sha256",
  { signal }: { signal?: AbortSignal | undefined } = {},
): Promise<string> {
  const hasher = new Bun.CryptoHasher(name);
  for await (const bytes of createReadStream(path, { highWaterMark: 1 << 20 })) {
    signal?.throwIfAborted();
    hasher.update(bytes as Uint8Array);
  }
  return hasher.digest("hex");
}

/** The SHA-256 of parts, in hex; each part's length goes in too, so that moving a byte from one to the next changes the sum. */
export function digestOf(parts: readonly (string | Uint8Array)[]): string {
  const hasher = new Bun.CryptoHasher("sha256");
  for (const part of parts) {
    const bytes = typeof part === "string" ? new TextEncoder().encode(part) : part;
    hasher.update(`${bytes.length}\0`);
    hasher.update(bytes);
  }
  return hasher.digest("hex");
}
