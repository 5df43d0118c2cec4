// Requests to a hive: the key, the contract, errors as data, and the hive that takes the place of one that has ended.
import { CONTRACT_HEADER, CONTRACT_VERSION } from "../contract/operations.ts";
import { type ErrorData, errorFromData, fail } from "../errors.ts";
import { messageOf } from "../issues.ts";

/** A lost connection is tried again for this long, when nobody says otherwise. */
export const RETRY_MS = 30_000;
export const RETRY_PAUSE_MS = 250;

/** Where a hive is, and the key to it. */
export interface Address {
  readonly url: string;
  readonly token: string | undefined;
}

interface RequestParts {
  readonly body?: unknown;
  /** A body as it is, in place of JSON. */
  readonly bytes?: Blob;
  readonly headers?: Record<string, string>;
  readonly signal?: AbortSignal | undefined;
}

/** A hive that ends answers so, or not at all: what was asked has not happened. */
export const LEAVING = ["HIVE_UNREACHABLE", "SHUTTING_DOWN"];

export class Transport {
  #address: Address;
  readonly #findNext: (() => Promise<Address>) | undefined;

  /** `findNext` finds the hive that takes the place of one that has ended; without it such an end is an error. */
  constructor(url: string, token: string | undefined, findNext?: () => Promise<Address>) {
    this.#address = { url, token };
    this.#findNext = findNext;
  }

  get url(): string {
    return this.#address.url;
  }

  /** An answer in JSON; a hive that has ended meanwhile is found again. @throws what the hive says, HIVE_UNREACHABLE. */
  async json<Answer>(method: string, path: string, body?: unknown): Promise<Answer> {
    const response = await this.request(method, path, { body }).catch(async (error: unknown) => {
      if (!this.#findNext || !LEAVING.includes((error as { code?: string }).code ?? "")) throw error;
      this.#address = await this.#findNext();
      return this.request(method, path, { body });
    });
    return response.json() as Promise<Answer>;
  }

  /** @throws what the hive says, HIVE_UNREACHABLE; the signal's reason. */
  async request(method: string, path: string, { body, bytes, headers = {}, signal }: RequestParts = {}): Promise<Response> {
    const response = await this.#fetch(path, {
      method,
      signal: signal ?? null,
      headers: {
        ...headers,
        [CONTRACT_HEADER]: String(CONTRACT_VERSION),
        ...(this.#address.token ? { authorization: `Bearer ${this.#address.token}` } : {}),
        ...(body === undefined ? {} : { "content-type": "application/json" }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      ...(bytes === undefined ? {} : { body: bytes }),
    });
    if (response.ok) return response;
    throw await this.#errorOf(response);
  }

  async #fetch(path: string, init: RequestInit): Promise<Response> {
    try {
      return await fetch(`${this.url}${path}`, init);
    } catch (error) {
      init.signal?.throwIfAborted();
      throw fail("HIVE_UNREACHABLE", { url: this.url, reason: messageOf(error) }, { cause: error });
    }
  }

  async #errorOf(response: Response): Promise<Error> {
    const body = (await response.json().catch(() => undefined)) as { error?: ErrorData } | undefined;
    if (body?.error?.code) return errorFromData(body.error);
    return fail("HIVE_UNREACHABLE", { url: this.url, reason: `it answered ${response.status} and is perhaps not a hive` });
  }
}
