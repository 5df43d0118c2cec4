// Browsers that may come in: each signs in once with a code and gets a key of its own, which can be taken back.
import { randomBytes } from "node:crypto";
import { z } from "zod";
import { type Collection, openCollection } from "../../lib/collection.ts";
import type { Browser } from "../../lib/contract/views.ts";
import { fail } from "../../lib/errors.ts";
import { digestOf } from "../../lib/hash.ts";

/** A code is good for one sign-in within this time. */
const CODE_MS = 15 * 60_000;
/** Codes that wait at once; the oldest gives way. */
const MAX_CODES = 100;

const Stored = z.object({ id: z.string(), name: z.string(), key_digest: z.string(), created_at: z.number() });
type Stored = z.infer<typeof Stored>;

/** Keys are kept as digests only: who reads the state directory's records cannot come in with them. */
export class Browsers {
  readonly #records: Collection<Stored>;
  readonly #known = new Map<string, Stored>();
  /** Digest of a code -> when it expires. Codes live in memory: a new hive gives new ones. */
  readonly #codes = new Map<string, number>();

  private constructor(directory: string) {
    this.#records = openCollection(directory, Stored);
  }

  static async open(directory: string): Promise<Browsers> {
    const browsers = new Browsers(directory);
    for (const stored of await browsers.#records.list()) browsers.#known.set(stored.key_digest, stored);
    return browsers;
  }

  /** A new code, and when it expires. */
  makeCode(now = Date.now()): { code: string; expires_at: number } {
    for (const [digest, expiresAt] of this.#codes) if (expiresAt <= now || this.#codes.size >= MAX_CODES) this.#codes.delete(digest);
    const code = randomBytes(16).toString("base64url");
    const expiresAt = now + CODE_MS;
    this.#codes.set(digestOf([code]), expiresAt);
    return { code, expires_at: expiresAt };
  }

  /** Exchanges a code for a key. @throws CODE_REFUSED when it was used, is too old or never was. */
  async signIn(code: string, name: string, now = Date.now()): Promise<{ id: string; key: string }> {
    const digest = digestOf([code]);
    const expiresAt = this.#codes.get(digest);
    this.#codes.delete(digest);
    if (expiresAt === undefined || expiresAt <= now) throw fail("CODE_REFUSED", {});
    const key = randomBytes(32).toString("base64url");
    const stored = { id: randomBytes(4).toString("hex"), name, key_digest: digestOf([key]), created_at: now };
    await this.#records.set(stored.id, stored);
    this.#known.set(stored.key_digest, stored);
    return { id: stored.id, key };
  }

  /** Looking up a digest tells nothing of the key through its time. */
  accepts(key: string): boolean {
    return this.#known.has(digestOf([key]));
  }

  list(): Browser[] {
    return [...this.#known.values()].map(({ key_digest: _, ...browser }) => browser).sort((a, b) => b.created_at - a.created_at);
  }

  /** @throws BROWSER_NOT_FOUND. */
  async revoke(id: string): Promise<Browser> {
    const stored = [...this.#known.values()].find((browser) => browser.id === id);
    if (!stored) throw fail("BROWSER_NOT_FOUND", { id });
    await this.#records.remove(id);
    this.#known.delete(stored.key_digest);
    const { key_digest: _, ...browser } = stored;
    return browser;
  }
}
