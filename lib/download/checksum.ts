// The checksum of a file that is being written in several places at once: it follows the front up to which everything is there.
import type { HashName } from "../hash.ts";
import type { Part } from "./part.ts";

export interface WantedHash {
  readonly name: HashName;
  /** Goes in before the file's bytes (git's blobs begin with `blob SIZE\0`). */
  readonly prefix?: string;
  readonly hex: string;
}

/** Read back and hashed in one go, with a breath for others after it. */
const STEP_BYTES = 1 << 20;

export class FrontChecksum {
  readonly #part: Part;
  readonly #wanted: WantedHash;
  readonly #buffer = new Uint8Array(STEP_BYTES);
  #hasher: Bun.CryptoHasher;
  #at = 0;
  #following: Promise<void> | undefined;

  constructor(part: Part, wanted: WantedHash) {
    this.#part = part;
    this.#wanted = wanted;
    this.#hasher = this.#start();
  }

  /** Takes bytes that were just written at `at`: hashed from memory when they are next. */
  push(at: number, bytes: Uint8Array): void {
    if (at !== this.#at || this.#following) return;
    this.#hasher.update(bytes);
    this.#at += bytes.length;
  }

  /** Reads back what is written and was not next when it came. */
  follow(): Promise<void> {
    this.#following ??= this.#catchUp().finally(() => {
      this.#following = undefined;
    });
    return this.#following;
  }

  restart(): void {
    this.#hasher = this.#start();
    this.#at = 0;
  }

  /** The checksum of the whole file, in hex. */
  async finish(): Promise<string> {
    while (this.#at < this.#part.front) await this.follow();
    return this.#hasher.digest("hex");
  }

  async #catchUp(): Promise<void> {
    for (let front = this.#part.front; this.#at < front; front = this.#part.front) {
      const length = this.#part.read(this.#buffer, this.#at, Math.min(STEP_BYTES, front - this.#at));
      if (length === 0) throw new Error("the unfinished file became shorter");
      this.#hasher.update(this.#buffer.subarray(0, length));
      this.#at += length;
      await new Promise(setImmediate);
    }
  }

  #start(): Bun.CryptoHasher {
    const hasher = new Bun.CryptoHasher(this.#wanted.name);
    if (this.#wanted.prefix) hasher.update(this.#wanted.prefix);
    return hasher;
  }
}
