// Fetches a file over HTTP: in several parts at once, resumed where it broke off, hashed while it is written, never half there under its own name.
import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { FrontChecksum, type WantedHash } from "./download/checksum.ts";
import { type Claim, Part } from "./download/part.ts";
import { type Opened, open, PassingError, RefusedError } from "./download/request.ts";
import { StallWatch } from "./download/stall-watch.ts";
import { fail, RbeeError } from "./errors.ts";
import type { HashName } from "./hash.ts";

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

const DEFAULTS = { connections: 8, stallMs: 60_000, retries: 5, retryMs: 500 };
const MAX_PAUSE_MS = 30_000;
/** One request asks for this much: with eight at once what lies in memory stays below 32 MiB even when the disk is slow. */
const SEGMENT_BYTES = 4 << 20;
/** How often the server's file may become another one, or come damaged, before we give up. */
const MAX_RESTARTS = 2;

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

/** What is written here is of another file than what the server has now. */
class ChangedError extends Error {}

class Transfer {
  readonly #options: DownloadOptions & typeof DEFAULTS;
  readonly #part: Part;
  readonly #checksum: FrontChecksum | undefined;
  /** Where redirects led: a signed address that holds for a while. */
  #direct: string | undefined;
  #lanes: number;
  #givesRanges = true;
  #isResumed: boolean;

  constructor(
    readonly url: string,
    part: Part,
    options: DownloadOptions,
  ) {
    const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
    this.#options = { ...DEFAULTS, ...given };
    this.#part = part;
    this.#lanes = this.#options.connections;
    const { hash, sizeBytes } = options.expected ?? {};
    const wanted = [...(options.hashes ?? []).map((name) => ({ name })), ...(hash ? [hash] : [])];
    this.#checksum = wanted.length > 0 ? new FrontChecksum(part, wanted) : undefined;
    const isOther = part.size !== null && sizeBytes !== undefined && part.size !== sizeBytes;
    if (part.done > 0 && (isOther || (!part.etag && !hash))) part.restart();
    this.#isResumed = part.done > 0;
    part.size ??= sizeBytes ?? null;
  }

  /** Rounds until every byte is there and right. */
  async run(): Promise<string[]> {
    for (let failures = 0, restarts = 0; ; ) {
      const before = this.#part.done;
      try {
        await this.#round();
        return await this.#verify();
      } catch (error) {
        this.#options.signal?.throwIfAborted();
        if (error instanceof ChangedError && restarts++ < MAX_RESTARTS) this.#restart();
        else if (!(error instanceof PassingError)) throw error;
        else {
          // Nobody could tell whether the rest is of the same file.
          if (!this.#part.etag && !this.#options.expected?.hash) this.#restart();
          failures = this.#part.done > before ? 0 : failures + 1;
          if (failures > this.#options.retries) throw error;
          // A server that sends us away may mean the number of connections.
          this.#lanes = Math.max(1, Math.floor(this.#lanes / 2));
          await this.#pause(error.retryAfterMs ?? Math.min(this.#options.retryMs * 2 ** failures, MAX_PAUSE_MS));
        }
      }
    }
  }

  /** The first request tells whether the server gives parts; then several connections fetch one part after the other. */
  async #round(): Promise<void> {
    const broken = new AbortController();
    const signal = AbortSignal.any([broken.signal, ...(this.#options.signal ? [this.#options.signal] : [])]);
    const first = this.#part.claim(SEGMENT_BYTES);
    if (!first) return;
    const lead = await this.#fetchLead(first, signal);
    const lane = async (work: Promise<void>) => {
      try {
        await work;
        for (let claim = this.#nextClaim(); claim; claim = this.#nextClaim()) await this.#fetch(claim, signal);
      } catch (error) {
        broken.abort();
        throw error;
      }
    };
    const others = Array.from({ length: this.#givesRanges ? this.#lanes - 1 : 0 }, () => lane(Promise.resolve()));
    await allOrCause([lane(lead()), ...others], broken.signal);
  }

  #nextClaim(): Claim | undefined {
    return this.#givesRanges ? this.#part.claim(SEGMENT_BYTES) : undefined;
  }

  /** Opens the first claim and gives back what receives it. A server that answers with everything gets everything taken, from the first byte on. */
  async #fetchLead(claim: Claim, signal: AbortSignal): Promise<() => Promise<void>> {
    const watch = new StallWatch(this.#options.stallMs, signal);
    try {
      const { response } = await this.#open(claim, watch);
      if (response.status === 206) return () => this.#receive(response, claim, watch);
      this.#part.release(claim);
      const whole = this.#takeWhole(response);
      return () => this.#receive(response, whole, watch);
    } catch (error) {
      watch[Symbol.dispose]();
      this.#part.release(claim);
      throw watch.isStalled ? this.#stalled() : error;
    }
  }

  #takeWhole({ headers }: Response): Claim {
    const { etag } = this.#part;
    this.#givesRanges = false;
    this.#restart();
    this.#part.etag = strongTag(headers) || etag;
    const length = isEncoded(headers) ? null : headers.get("content-length");
    const size = length === null ? (this.#options.expected?.sizeBytes ?? null) : Number(length);
    this.#checkSize(size);
    this.#part.size = size;
    return this.#part.claim(Number.POSITIVE_INFINITY) ?? { from: 0, to: 0, at: 0 };
  }

  async #fetch(claim: Claim, signal: AbortSignal): Promise<void> {
    const watch = new StallWatch(this.#options.stallMs, signal);
    try {
      const { response } = await this.#open(claim, watch);
      if (response.status === 206) return await this.#receive(response, claim, watch);
      await response.body?.cancel();
      throw new PassingError("the server gives parts at one time and not at another");
    } catch (error) {
      throw watch.isStalled ? this.#stalled() : error;
    } finally {
      watch[Symbol.dispose]();
      this.#part.release(claim);
    }
  }

  #stalled(): PassingError {
    return new PassingError(`nothing came for ${this.#options.stallMs / 1000} s`);
  }

  /** Asks for a claim's bytes, first where redirects led last time: when that address has expired, the first one is asked again. */
  async #open(claim: Claim, { signal }: StallWatch): Promise<Opened> {
    const isAll = claim.from === 0 && (!this.#givesRanges || claim.to === this.#part.size);
    const headers: Record<string, string> = { ...this.#options.headers };
    if (!isAll) headers.range = `bytes=${claim.from}-${claim.to - 1}`;
    if (!isAll && this.#part.etag) headers["if-range"] = this.#part.etag;
    const opened = await this.#ask(headers, signal);
    if (opened.response.status === 206) this.#checkPart(opened.response.headers, claim);
    return opened;
  }

  async #ask(headers: Record<string, string>, signal: AbortSignal): Promise<Opened> {
    const direct = this.#direct;
    if (direct) {
      const { authorization: _, ...anonymous } = headers;
      const isOurs = new URL(direct).origin === new URL(this.url).origin;
      try {
        return await open(direct, isOurs ? headers : anonymous, signal);
      } catch (error) {
        if (!(error instanceof RefusedError)) throw error;
        this.#direct = undefined;
      }
    }
    const opened = await open(this.url, headers, signal).catch((error: unknown) => {
      if (error instanceof RefusedError && error.status === 416 && this.#part.size !== 0) throw new ChangedError(error.message);
      throw error;
    });
    if (opened.url !== this.url) this.#direct = opened.url;
    return opened;
  }

  #checkPart(headers: Headers, claim: Claim): void {
    const [, from, to, total] = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(headers.get("content-range") ?? "") ?? [];
    if (total === undefined || Number(from) !== claim.from || Number(to) >= claim.to)
      throw new PassingError("the server sent another part");
    this.#checkSize(Number(total));
    const etag = strongTag(headers);
    if (etag && this.#part.etag && etag !== this.#part.etag) throw new ChangedError("the file changed on the server");
    this.#part.size = Number(total);
    this.#part.etag ||= etag;
  }

  #checkSize(size: number | null): void {
    const known = this.#options.expected?.sizeBytes ?? this.#part.size;
    if (size !== null && known !== null && size !== known)
      throw new ChangedError(`the server has ${size} bytes, not the ${known} announced`);
  }

  /** Writes what comes until the claim is full. */
  async #receive(response: Response, claim: Claim, watch: StallWatch): Promise<void> {
    const end = Math.min(claim.to, this.#part.size ?? Number.POSITIVE_INFINITY);
    const reader = (response.body ?? new Blob([]).stream()).getReader();
    try {
      while (claim.at < end) {
        const { done, value } = await reader.read();
        if (done) break;
        watch.touch();
        if (claim.at + value.length > end) throw new ChangedError(`the server sent more than the ${end - claim.from} bytes announced`);
        this.#checksum?.push(claim.at, value);
        this.#part.write(claim, value);
        this.#options.onProgress?.(this.#part.done, this.#part.size);
      }
    } catch (error) {
      throw watch.isStalled ? this.#stalled() : asPassing(error);
    } finally {
      watch[Symbol.dispose]();
      void reader.cancel().catch(() => {});
      this.#part.release(claim);
    }
    void this.#checksum?.follow().catch(() => {});
    this.#part.size ??= claim.at;
    if (claim.at < Math.min(end, this.#part.size)) throw new PassingError(`the transfer broke off after ${this.#part.done} bytes`);
  }

  /** A checksum that does not fit after a resume may be the earlier try's fault: everything is fetched once more before that is an error. */
  async #verify(): Promise<string[]> {
    const hash = this.#options.expected?.hash;
    const digests = (await this.#checksum?.finish()) ?? [];
    const found = hash ? digests.pop()! : "";
    if (!hash || found === hash.hex) return digests;
    if (this.#isResumed) {
      this.#isResumed = false;
      throw new ChangedError("what an earlier try left does not fit");
    }
    this.#restart();
    throw fail("DOWNLOAD_DAMAGED", { url: this.url, kind: hash.name, expected: hash.hex, found });
  }

  #restart(): void {
    this.#part.restart();
    this.#part.size = this.#options.expected?.sizeBytes ?? null;
    this.#checksum?.restart();
  }

  #pause(ms: number): Promise<void> {
    const { signal } = this.#options;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(resolve, ms);
      const stop = () => {
        clearTimeout(timer);
        reject(signal?.reason);
      };
      signal?.addEventListener("abort", stop, { once: true });
    });
  }
}

/** Waits for all, so that no transfer goes on behind an error, then throws the one that broke the others off. */
async function allOrCause(work: readonly Promise<void>[], broken: AbortSignal): Promise<void> {
  const errors = (await Promise.allSettled(work)).flatMap((result) => (result.status === "rejected" ? [result.reason as unknown] : []));
  if (errors.length > 0) throw errors.find((error) => error !== broken.reason) ?? errors[0];
}

/** What breaks while bytes come is the connection, unless it is the disk or the server's mistake. */
function asPassing(error: unknown): unknown {
  if (error instanceof ChangedError || error instanceof PassingError || isDiskError(error)) return error;
  return new PassingError(error instanceof Error ? error.message : String(error));
}

/** A weak tag does not promise the same bytes: RFC 9110, 8.8.1. */
function strongTag(headers: Headers): string {
  const tag = headers.get("etag") ?? "";
  return tag.startsWith("W/") ? "" : tag;
}

function isEncoded(headers: Headers): boolean {
  return !["", "identity"].includes(headers.get("content-encoding") ?? "");
}

function isDiskError(error: unknown): boolean {
  return ["ENOSPC", "EDQUOT", "EIO", "EROFS", "EFBIG"].includes((error as { code?: string } | null)?.code ?? "");
}
