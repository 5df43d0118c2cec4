// The address of a file, and where redirects led last time: a signed address that holds for a while.
import { type Opened, open, RefusedError } from "./request.ts";

export class Address {
  readonly #url: string;
  #direct: string | undefined;

  constructor(url: string) {
    this.#url = url;
  }

  /** Asks where redirects led last time; when that address has expired, the first one is asked again. @throws PassingError, RefusedError; the signal's reason. */
  async ask(headers: Readonly<Record<string, string>>, signal: AbortSignal): Promise<Opened> {
    const direct = this.#direct;
    if (direct) {
      const { authorization: _, ...anonymous } = headers;
      const isOurs = new URL(direct).origin === new URL(this.#url).origin;
      try {
        return await open(direct, isOurs ? headers : anonymous, signal);
      } catch (error) {
        if (!(error instanceof RefusedError)) throw error;
        this.#direct = undefined;
      }
    }
    const opened = await open(this.#url, headers, signal);
    if (opened.url !== this.#url) this.#direct = opened.url;
    return opened;
  }
}
