// One question to a Hub's programming interface: signed in, bounded, tried again when a failure may pass.
import { pause } from "../download/pause.ts";
import { PassingError, retryAfterOf } from "../download/request.ts";
import { RbeeError } from "../errors.ts";
import type { Refusal } from "./refusal.ts";
import type { HubSettings } from "./settings.ts";

const TRIES = 4;
const RETRY_MS = 500;
/** One answer. */
const ANSWER_MS = 30_000;

interface AskOptions {
  /** Makes the error of what the Hub refuses for good. */
  readonly refuse: (refusal: Refusal) => RbeeError;
  /** How often in all a question is asked whose failure may pass. */
  readonly tries?: number;
  readonly signal: AbortSignal;
}

/** A fetch for the Hub's client. */
export function hubFetch(settings: HubSettings, { refuse, tries = TRIES, signal }: AskOptions): typeof fetch {
  const ask = async (url: Parameters<typeof fetch>[0]): Promise<Response> => {
    const headers = { "user-agent": "rbee", ...(settings.token ? { authorization: `Bearer ${settings.token}` } : {}) };
    const response = await fetch(url, { headers, signal: AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS)]) });
    if (response.ok) return response;
    const { status } = response;
    if (status === 429 || status >= 500) throw new PassingError(`the Hub answered ${status}`, retryAfterOf(response.headers));
    const body = (await response.json().catch(() => ({}))) as { error?: unknown };
    const errorMessage = response.headers.get("x-error-message") ?? (typeof body.error === "string" ? body.error : undefined);
    throw refuse({ status, errorCode: response.headers.get("x-error-code") ?? undefined, errorMessage });
  };
  const insist = async (url: Parameters<typeof fetch>[0]): Promise<Response> => {
    for (let attempt = 1; ; attempt++) {
      try {
        return await ask(url);
      } catch (error) {
        if (signal.aborted || error instanceof RbeeError || attempt === tries) throw error;
        const pauseMs = (error instanceof PassingError ? error.retryAfterMs : undefined) ?? RETRY_MS * 2 ** attempt;
        await pause(pauseMs, signal);
      }
    }
  };
  return insist as typeof fetch;
}
