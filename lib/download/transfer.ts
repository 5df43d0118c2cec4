// One file on its way: rounds of connections that fetch its parts side by side, until every byte is there and right.

import { fail } from "../errors.ts";
import { Address } from "./address.ts";
import { bodySize, contentRange, strongTag } from "./answer.ts";
import { FrontChecksum } from "./checksum.ts";
import { asPassing, ChangedError } from "./failures.ts";
import type { DownloadOptions } from "./options.ts";
import type { Claim, Part } from "./part.ts";
import { pause } from "./pause.ts";
import { receive } from "./receive.ts";
import { type Opened, PassingError, RefusedError } from "./request.ts";
import { StallWatch } from "./stall-watch.ts";

const DEFAULTS = { connections: 8, stallMs: 60_000, retries: 5, retryMs: 500 };
const MAX_PAUSE_MS = 30_000;
/** One request asks for this much: with eight at once what lies in memory stays below 32 MiB even when the disk is slow. */
const SEGMENT_BYTES = 4 << 20;
/** How often the server's file may become another one, or come damaged, before we give up. */
const MAX_RESTARTS = 2;

export class Transfer {
  readonly #options: DownloadOptions & typeof DEFAULTS;
  readonly #part: Part;
  readonly #checksum: FrontChecksum | undefined;
  readonly #address: Address;
  #lanes: number;
  #givesRanges = true;
  #hasRoom = false;
  #isResumed: boolean;

  constructor(
    readonly url: string,
    part: Part,
    options: DownloadOptions,
  ) {
    const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
    this.#options = { ...DEFAULTS, ...given };
    this.#part = part;
    this.#address = new Address(url);
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
          await pause(error.retryAfterMs ?? Math.min(this.#options.retryMs * 2 ** failures, MAX_PAUSE_MS), this.#options.signal);
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
    const size = bodySize(headers) ?? this.#options.expected?.sizeBytes ?? null;
    this.#learnSize(size);
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

  /** @throws ChangedError when the server's file has become shorter than what is here. */
  async #ask(headers: Record<string, string>, signal: AbortSignal): Promise<Opened> {
    try {
      return await this.#address.ask(headers, signal);
    } catch (error) {
      if (error instanceof RefusedError && error.status === 416 && this.#part.size !== 0) throw new ChangedError(error.message);
      throw error;
    }
  }

  #checkPart(headers: Headers, claim: Claim): void {
    const range = contentRange(headers);
    if (!range || range.from !== claim.from || range.to > claim.to) throw new PassingError("the server sent another part");
    this.#learnSize(range.total);
    const etag = strongTag(headers);
    if (etag && this.#part.etag && etag !== this.#part.etag) throw new ChangedError("the file changed on the server");
    this.#part.etag ||= etag;
  }

  /** @throws ChangedError when it is another one than was known, DISK_SHORT when it has no room. */
  #learnSize(size: number | null): void {
    const known = this.#options.expected?.sizeBytes ?? this.#part.size;
    if (size !== null && known !== null && size !== known)
      throw new ChangedError(`the server has ${size} bytes, not the ${known} announced`);
    if (size !== null && !this.#hasRoom) this.#part.requireRoom(size);
    this.#hasRoom = true;
    this.#part.size = size;
  }

  /** Takes a claim's bytes. @throws PassingError when they break off, ChangedError when there are more than announced. */
  async #receive(response: Response, claim: Claim, watch: StallWatch): Promise<void> {
    const end = Math.min(claim.to, this.#part.size ?? Number.POSITIVE_INFINITY);
    try {
      await receive(response.body, claim, end, (bytes) => this.#take(claim, bytes, watch));
    } catch (error) {
      throw watch.isStalled ? this.#stalled() : asPassing(error);
    } finally {
      watch[Symbol.dispose]();
      this.#part.release(claim);
    }
    void this.#checksum?.follow().catch(() => {});
    this.#part.size ??= claim.at;
    if (claim.at < Math.min(end, this.#part.size)) throw new PassingError(`the transfer broke off after ${this.#part.done} bytes`);
  }

  #take(claim: Claim, bytes: Uint8Array, watch: StallWatch): void {
    watch.touch();
    this.#checksum?.push(claim.at, bytes);
    this.#part.write(claim, bytes);
    this.#options.onProgress?.(this.#part.done, this.#part.size);
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
}

/** Waits for all, so that no transfer goes on behind an error, then throws the one that broke the others off. */
async function allOrCause(work: readonly Promise<void>[], broken: AbortSignal): Promise<void> {
  const errors = (await Promise.allSettled(work)).flatMap((result) => (result.status === "rejected" ? [result.reason as unknown] : []));
  if (errors.length > 0) throw errors.find((error) => error !== broken.reason) ?? errors[0];
}
