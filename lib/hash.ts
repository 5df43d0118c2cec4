// Checksums of files and bytes.
import { createReadStream, readFileSync, statSync } from "node:fs";

export type HashName = "md5" | "sha1" | "sha224" | "sha256" | "sha384" | "sha512" | "blake2b512" | "cksum";

export interface Hasher {
  update(bytes: Uint8Array): void;
  /** The checksum as it is written: hex, or for `cksum` decimal. */
  digest(): string;
}

export function makeHasher(name: HashName): Hasher {
  if (name === "cksum") return new PosixCksum();
  const hasher = new Bun.CryptoHasher(name);
  return { update: (bytes) => void hasher.update(bytes), digest: () => hasher.digest("hex") };
}

/** The checksum of a file, read in pieces. Rejects with the signal's reason when it fires. */
export async function hashFile(
  path: string,
  name: HashName = "sha256",
  { signal }: { signal?: AbortSignal | undefined } = {},
): Promise<string> {
  const hasher = makeHasher(name);
  await hashInto(path, [hasher], { signal });
  return hasher.digest();
}

/** Bytes that are read at once. */
const PIECE = 1 << 20;

/** Reads a file once for several checksums. */
export async function hashInto(
  path: string,
  hashers: readonly Hasher[],
  { signal }: { signal?: AbortSignal | undefined } = {},
): Promise<void> {
  signal?.throwIfAborted();
  // A stream for each of thousands of little files takes longer than reading them.
  if (statSync(path).size <= PIECE) return updateAll(hashers, readFileSync(path));
  for await (const bytes of createReadStream(path, { highWaterMark: PIECE })) {
    signal?.throwIfAborted();
    updateAll(hashers, bytes as Uint8Array);
  }
}

function updateAll(hashers: readonly Hasher[], bytes: Uint8Array): void {
  for (const hasher of hashers) hasher.update(bytes);
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

/** The CRC of cksum(1): polynomial 0x04C11DB7, most significant bit first, the length's bytes at the end. Source: POSIX.1-2017, cksum. */
class PosixCksum implements Hasher {
  #crc = 0;
  #length = 0;

  update(bytes: Uint8Array): void {
    let crc = this.#crc;
    for (const byte of bytes) crc = step(crc, byte);
    this.#crc = crc;
    this.#length += bytes.length;
  }

  digest(): string {
    let crc = this.#crc;
    for (let rest = this.#length; rest > 0; rest = Math.floor(rest / 256)) crc = step(crc, rest % 256);
    return String(~crc >>> 0);
  }
}

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, index) => {
  let value = index << 24;
  for (let bit = 0; bit < 8; bit++) value = value & 0x80000000 ? (value << 1) ^ 0x04c11db7 : value << 1;
  return value;
});

function step(crc: number, byte: number): number {
  return (crc << 8) ^ CRC_TABLE[((crc >>> 24) ^ byte) & 0xff]!;
}
