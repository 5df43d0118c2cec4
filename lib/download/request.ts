// One HTTP request of a download: redirects followed by hand, failures sorted into those that pass and those that stay.

/** A failure that another try may not meet: a broken connection, 429 or 5xx. */
export class PassingError extends Error {
  constructor(
    message: string,
    /** What the server asked to wait. */
    readonly retryAfterMs?: number,
  ) {
    super(message);
  }
}

/** The server's answer for good; `errorCode` and `errorMessage` are the Hub's headers `X-Error-Code` and `X-Error-Message`. */
export class RefusedError extends Error {
  constructor(
    message: string,
    readonly status: number,
    readonly errorCode: string | undefined,
    readonly errorMessage: string | undefined,
  ) {
    super(message);
  }
}

export interface Opened {
  readonly response: Response;
  /** Where the answer came from after redirects. */
  readonly url: string;
}

/** As many as browsers follow (Fetch standard, HTTP-redirect fetch). */
const MAX_REDIRECTS = 20;
/** A longer wish of the server is cut to this. */
const MAX_RETRY_AFTER_MS = 120_000;

/**
 * Sends a GET. `authorization` goes to the origin of `url` and to no other that it leads to.
 * @throws PassingError, RefusedError; the signal's reason.
 */
export async function open(url: string, headers: Readonly<Record<string, string>>, signal: AbortSignal): Promise<Opened> {
  const origin = new URL(url).origin;
  for (let hops = 0, here = url; hops <= MAX_REDIRECTS; hops++) {
    const { authorization: _, ...open } = headers;
    const response = await send(here, new URL(here).origin === origin ? headers : open, signal);
    const location = response.status >= 300 && response.status < 400 ? response.headers.get("location") : null;
    if (location === null) return { response: await accept(response), url: here };
    await response.body?.cancel();
    here = follow(location, here);
  }
  throw new Error("the server redirects for ever");
}

/** Within the web only: a server must not turn an address into a file of this machine. */
function follow(location: string, from: string): string {
  const next = new URL(location, from).href;
  if (!/^https?:/.test(next)) throw new Error(`the server redirects to ${next}`);
  return next;
}

async function send(url: string, headers: Readonly<Record<string, string>>, signal: AbortSignal): Promise<Response> {
  try {
    // A compressed transfer would count other bytes than those that are written.
    return await fetch(url, { headers: { "accept-encoding": "identity", "user-agent": "rbee", ...headers }, redirect: "manual", signal });
  } catch (error) {
    if (signal.aborted) throw error;
    throw new PassingError(error instanceof Error ? error.message : String(error));
  }
}

async function accept(response: Response): Promise<Response> {
  if (response.ok) return response;
  await response.body?.cancel();
  const { status, statusText, headers } = response;
  const reason = `the server answered ${status} ${statusText}`.trim();
  if (status === 408 || status === 429 || status >= 500) throw new PassingError(reason, retryAfterOf(headers));
  throw new RefusedError(reason, status, headers.get("x-error-code") ?? undefined, headers.get("x-error-message") ?? undefined);
}

/** What a server asks to wait before the next try, in seconds or as a date (RFC 9110, 10.2.3); in milliseconds, cut to two minutes. */
export function retryAfterOf(headers: Headers): number | undefined {
  const written = headers.get("retry-after");
  if (!written) return undefined;
  const ms = /^\d+$/.test(written) ? Number(written) * 1000 : Date.parse(written) - Date.now();
  return Number.isFinite(ms) ? Math.min(Math.max(ms, 0), MAX_RETRY_AFTER_MS) : undefined;
}
