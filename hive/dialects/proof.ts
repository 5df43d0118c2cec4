// A question whose answer proves that a worker's model is loaded.

/** A worker as a dialect sees it. */
export interface Speaker {
  readonly url: string;
  /** The key that it may demand. */
  readonly token: string;
  /** What it calls its model. */
  readonly model: string;
}

/** `answers`: the model is there; `not yet`: ask again; else why it will not. */
export type Proof = "answers" | "not yet" | { readonly refusal: string };

export interface Dialect {
  /** As an entry names it in `run.api`. */
  readonly api: string;
  readonly paths: readonly string[];
  /** Asked once the health route says yes. Never throws but the signal's reason. */
  prove(speaker: Speaker, signal: AbortSignal): Promise<Proof>;
}

export interface Question {
  readonly path: string;
  readonly body: object;
}

export interface NoAnswer {
  readonly status: number;
  readonly said: string;
}

/** The worker is there and says that it is not ready. */
const NOT_YET = [425, 429, 503];
/** Of a refusal so much is told. Characters. */
const SAID = 300;

/** Asks one question. A worker that does not answer at all may still be loading, or has ended, which its supervisor sees. */
export async function askForProof(
  { url, token, model }: Speaker,
  { path, body }: Question,
  signal: AbortSignal,
): Promise<"answers" | "not yet" | NoAnswer> {
  try {
    const response = await fetch(`${url}${path}`, {
      method: "POST",
      headers: { "content-type": "application/json", authorization: `Bearer ${token}` },
      body: JSON.stringify({ model, ...body }),
      signal,
    });
    const said = (await response.text()).trim().slice(0, SAID);
    if (response.ok) return "answers";
    return NOT_YET.includes(response.status) ? "not yet" : { status: response.status, said };
  } catch {
    signal.throwIfAborted();
    return "not yet";
  }
}

export function refusalOf(what: string, { status, said }: NoAnswer): Proof {
  return { refusal: `its health route says yes, but asked for ${what} it answers ${status} ${said}`.trim() };
}
