// Fetches a file over HTTP: resumed where it broke off, hashed while it is written, never half there under its own name.
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, statSync, writeFileSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { PARTIAL } from "./atomic.ts";
import { fail, RbeeError } from "./errors.ts";
import { type Hasher, type HashName, hashInto, makeHasher } from "./hash.ts";

export interface DownloadOptions {
  readonly onProgress?: (done: number, total: number | null) => void;
  /** Gives up when no byte comes for this long. */
  readonly stallMs?: number;
  /** How often a broken or refused transfer is tried again. */
  readonly retries?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Checksums that are taken while the bytes are written. */
  readonly hashes?: readonly HashName[];
  readonly signal?: AbortSignal | undefined;
}

const STALL_MS = 60_000;
const RETRIES = 3;
const RETRY_MS = 500;
/** As many as browsers follow (Fetch standard, HTTP-redirect fetch). */
const REDIRECTS = 20;

/**
 * Fetches `url` into `path`. An unfinished part of an earlier try is continued when the server still has the same file (RFC 9110, 14.2; If-Range 13.1.5).
 * Returns the digests of the whole file that `hashes` asks for, in that order.
 * @throws SOURCE_UNAVAILABLE naming what went wrong; the signal's reason when it fires.
 */
export async function download(url: string, path: string, options: DownloadOptions = {}): Promise<string[]> {
  mkdirSync(dirname(path), { recursive: true });
  const part = { file: `${path}${PARTIAL}download`, tag: `${path}${PARTIAL}etag` };
  for (let attempt = 0; ; attempt++) {
    try {
      const digests = await transfer(url, part, options);
      renameSync(part.file, path);
      rmSync(part.tag, { force: true });
      return digests;
    } catch (error) {
      options.signal?.throwIfAborted();
      if (!isPassing(error) || attempt >= (options.retries ?? RETRIES)) throw unavailable(url, error);
      await Bun.sleep(RETRY_MS * 2 ** attempt);
    }
  }
}

interface Part {
  readonly file: string;
  /** Holds the ETag of what `file` is a part of. */
  readonly tag: string;
}

/** A failure that another try may not meet: a broken connection, 429 or 5xx. */
class PassingError extends Error {}

async function transfer(url: string, part: Part, options: DownloadOptions): Promise<string[]> {
  const stall = new AbortController();
  const signal = AbortSignal.any([stall.signal, ...(options.signal ? [options.signal] : [])]);
  const stallMs = options.stallMs ?? STALL_MS;
  let timer = setTimeout(() => stall.abort(), stallMs);
  const touch = () => {
    clearTimeout(timer);
    timer = setTimeout(() => stall.abort(), stallMs);
  };
  try {
    return await receive(url, part, { ...options, signal }, touch);
  } catch (error) {
    if (stall.signal.aborted) throw new PassingError(`nothing came for ${stallMs / 1000} s`);
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

async function receive(url: string, part: Part, options: DownloadOptions, touch: () => void): Promise<string[]> {
  const have = sizeOf(part.file);
  const etag = existsSync(part.tag) ? readFileSync(part.tag, "utf8") : "";
  const resume: Record<string, string> = have > 0 && etag ? { range: `bytes=${have}-`, "if-range": etag } : {};
  // A compressed transfer would count other bytes than those that are written.
  const headers = { "accept-encoding": "identity", "user-agent": "rbee", ...options.headers, ...resume };
  const response = await request(url, { headers, signal: options.signal ?? null });
  const from = response.status === 206 ? have : 0;
  const length = response.headers.get("content-length");
  const total = length === null ? null : from + Number(length);
  const newTag = response.headers.get("etag");
  if (newTag && !newTag.startsWith("W/")) writeFileSync(part.tag, newTag);
  else rmSync(part.tag, { force: true });
  const hashers = (options.hashes ?? []).map(makeHasher);
  if (from > 0 && hashers.length > 0) await hashInto(part.file, hashers, { signal: options.signal });
  const writing = { from, total, touch, hashers, ...(options.onProgress ? { onProgress: options.onProgress } : {}) };
  const done = await write(response, part.file, writing);
  if (total !== null && done !== total) throw new PassingError(`the transfer broke off after ${done} of ${total} bytes`);
  return hashers.map((hasher) => hasher.digest());
}

async function request(url: string, init: RequestInit): Promise<Response> {
  let response: Response;
  try {
    response = await followWeb(url, init);
  } catch (error) {
    if (init.signal?.aborted || error instanceof RedirectError) throw error;
    throw new PassingError(error instanceof Error ? error.message : String(error));
  }
  if (response.ok) return response;
  await response.body?.cancel();
  const reason = `the server answered ${response.status} ${response.statusText}`.trim();
  throw response.status === 429 || response.status >= 500 ? new PassingError(reason) : new Error(reason);
}

class RedirectError extends Error {}

/** Follows redirects within the web only: a server must not turn an address into a file of this machine. Credentials stay with their origin. */
async function followWeb(url: string, init: RequestInit): Promise<Response> {
  let at = url;
  for (let hops = 0; hops <= REDIRECTS; hops++) {
    const headers = new Headers(init.headers);
    if (new URL(at).origin !== new URL(url).origin) headers.delete("authorization");
    const response = await fetch(at, { ...init, headers, redirect: "manual" });
    const location = response.headers.get("location");
    if (![301, 302, 303, 307, 308].includes(response.status) || location === null) return response;
    await response.body?.cancel();
    at = new URL(location, at).href;
    if (!/^https?:/.test(at)) throw new RedirectError(`the server redirects to ${at}`);
  }
  throw new RedirectError("the server redirects for ever");
}

interface Writing {
  readonly from: number;
  readonly total: number | null;
  readonly touch: () => void;
  readonly hashers: readonly Hasher[];
  readonly onProgress?: (done: number, total: number | null) => void;
}

async function write(response: Response, file: string, { from, total, touch, hashers, onProgress }: Writing): Promise<number> {
  const descriptor = openSync(file, from > 0 ? "a" : "w");
  let done = from;
  try {
    for await (const bytes of response.body ?? []) {
      touch();
      writeSync(descriptor, bytes);
      for (const hasher of hashers) hasher.update(bytes);
      done += bytes.length;
      onProgress?.(done, total);
    }
  } catch (error) {
    if (isDiskError(error)) throw error;
    throw new PassingError(error instanceof Error ? error.message : String(error));
  } finally {
    closeSync(descriptor);
  }
  return done;
}

function sizeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}

function isDiskError(error: unknown): boolean {
  return ["ENOSPC", "EDQUOT", "EIO", "EROFS", "EFBIG"].includes((error as { code?: string } | null)?.code ?? "");
}

function isPassing(error: unknown): boolean {
  return error instanceof PassingError;
}

function unavailable(url: string, error: unknown): unknown {
  if (error instanceof RbeeError || isDiskError(error)) return error;
  return fail("SOURCE_UNAVAILABLE", { url, reason: error instanceof Error ? error.message : String(error) }, { cause: error });
}
