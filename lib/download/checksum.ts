// The checksum of a file that is being written in several places at once: it follows the front up to which everything is there.
import { type Hasher, type HashName, makeHasher } from "../hash.ts";
import type { Part } from "./part.ts";

interface Wanted {
  readonly name: HashName;
  /** Goes in before the file's bytes (git's blobs begin with `blob SIZE\0`). */
  readonly prefix?: string;
}

export interface WantedHash extends Wanted {
  readonly hex: string;
}

/** Read back and hashed in one go, with a breath for others after it. */
const STEP_BYTES = 1 << 20;

export class FrontChecksum {
  readonly #part: Part;
  readonly #wanted: readonly Wanted[];
  readonly #buffer = new Uint8Array(STEP_BYTES);
  #hashers: Hasher[];
  #at = 0;
  #following: Promise<void> | undefined;

  constructor(part: Part, wanted: readonly Wanted[]) {
    this.#part = part;
    this.#wanted = wanted;
    this.#hashers = this.#start();
  }

  /** Takes bytes that were just written at `at`: hashed from memory when they are next. */
  push(at: number, bytes: Uint8Array): void {
    if (at !== this.#at || this.#following) return;
    for (const hasher of this.#hashers) hasher.update(bytes);
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
    this.#hashers = this.#start();
    this.#at = 0;
  }

  /** The checksums of the whole file, in hex. */
  async finish(): Promise<string[]> {
    while (this.#at < this.#part.front) await this.follow();
    return this.#hashers.map((hasher) => hasher.digest());
  }

  async #catchUp(): Promise<void> {
    for (let front = this.#part.front; this.#at < front; front = this.#part.front) {
      const length = this.#part.read(this.#buffer, this.#at, Math.min(STEP_BYTES, front - this.#at));
      if (length === 0) throw new Error("the unfinished file became shorter");
      for (const hasher of this.#hashers) hasher.update(this.#buffer.subarray(0, length));
      this.#at += length;
      await new Promise(setImmediate);
    }
  }

  #start(): Hasher[] {
    return this.#wanted.map(({ name, prefix }) => {
      const hasher = makeHasher(name);
      if (prefix) hasher.update(new TextEncoder().encode(prefix));
      return hasher;
    });
  }
}
