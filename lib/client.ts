// The only door to a hive for the command line and the page: typed operations in, events and a typed output back.
import type { JobEvent, JobView } from "./contract/events.ts";
import { CONTRACT_HEADER, CONTRACT_VERSION, type InputWritten, type OperationName, type Output } from "./contract/operations.ts";
import type { Model, Upload } from "./contract/views.ts";
import { type ErrorData, errorFromData, fail } from "./errors.ts";
import { decodeSse } from "./sse.ts";

/** An event as it came, with its number. `end` is the unnamed last one. */
export type StreamEvent = (JobEvent & { readonly id: number }) | { readonly id: number; readonly event: "end"; readonly data: string };

interface FollowOptions {
  readonly afterId?: number;
  readonly signal?: AbortSignal | undefined;
  /** A lost connection is tried again for this long. */
  readonly retryMs?: number;
  /** Called when a connection was lost, before it is tried again; may say for how long, in milliseconds. */
  readonly onLost?: (() => number | undefined) | undefined;
}

export interface ChatMessage {
  readonly role: "system" | "user" | "assistant";
  readonly content: string;
}

interface ChatBody {
  readonly model: string;
  readonly messages: readonly ChatMessage[];
  readonly max_tokens?: number;
}

interface ChatPiece {
  readonly text: string;
  /** How many the answer has, when the worker counts them. */
  readonly tokens: number | undefined;
}

interface ChatChunk {
  readonly choices?: readonly { readonly delta?: { readonly content?: string | null } }[];
  readonly usage?: { readonly completion_tokens?: number } | null;
  readonly error?: { readonly message?: string };
}

const RETRY_MS = 30_000;
const RETRY_PAUSE_MS = 250;

/** Where a hive is, and the key to it. */
interface Address {
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

/** A browser's File. */
type SentFile = Pick<File, "name" | "size" | "lastModified" | "slice">;

interface UploadOptions {
  readonly onProgress?: (done: number, total: number) => void;
  readonly signal?: AbortSignal | undefined;
  /** A lost connection is tried again for this long. */
  readonly retryMs?: number;
}

/** Small enough that a broken connection costs little, large enough that a fast disk does not wait for requests. */
const PIECE_BYTES = 8 << 20;

/** A hive that ends answers so, or not at all: what was asked has not happened. */
const LEAVING = ["HIVE_UNREACHABLE", "SHUTTING_DOWN"];

export class HiveClient {
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

  health(): Promise<{ status: string; service: string; version: string }> {
    return this.json("GET", "/health");
  }

  /** Exchanges a one-time code for a key of this browser's own. @throws CODE_REFUSED. */
  signIn(code: string, name: string): Promise<{ id: string; key: string }> {
    return this.json("POST", "/v1/sign-in", { code, name });
  }

  /** One answer of a model as it is made, over the OpenAI route. Aborting `signal` ends the work at the worker. @throws what the hive or the worker says. */
  async *chat(body: ChatBody, { signal }: { signal?: AbortSignal } = {}): AsyncGenerator<ChatPiece> {
    const asked = { ...body, stream: true, stream_options: { include_usage: true } };
    const response = await this.request("POST", "/v1/chat/completions", { body: asked, signal });
    for await (const { data } of decodeSse(response.body!)) {
      if (data === "[DONE]") return;
      const chunk = JSON.parse(data) as ChatChunk;
      if (chunk.error) throw fail("WORKER_FAILED", { worker: body.model, process: "", reason: chunk.error.message ?? "it says no more" });
      yield { text: chunk.choices?.[0]?.delta?.content ?? "", tokens: chunk.usage?.completion_tokens };
    }
  }

  /** Hands an operation to the hive, which checks it. @throws INVALID_INPUT, HIVE_UNREACHABLE, UNAUTHORIZED, CONTRACT_MISMATCH … */
  submit<Name extends OperationName>(
    operation: Name,
    input: InputWritten<Name>,
  ): Promise<{ job_id: string; sse_url: string; joined: boolean }> {
    return this.json("POST", "/v1/jobs", { operation, ...input });
  }

  job(id: string): Promise<JobView> {
    return this.json("GET", `/v1/jobs/${encodeURIComponent(id)}`);
  }

  jobs(): Promise<{ jobs: JobView[] }> {
    return this.json("GET", "/v1/jobs");
  }

  /** Resolves when the job is over and nothing of it lives. @throws JOB_ENDED, JOB_NOT_FOUND, CANCEL_INCOMPLETE. */
  cancel(id: string): Promise<{ job_id: string; status: "cancelled" }> {
    return this.json("DELETE", `/v1/jobs/${encodeURIComponent(id)}`);
  }

  /** Uploads that are not whole. */
  uploads(): Promise<{ uploads: Upload[] }> {
    return this.json("GET", "/v1/uploads");
  }

  forgetUpload(id: string): Promise<Upload> {
    return this.json("DELETE", `/v1/uploads/${encodeURIComponent(id)}`);
  }

  /**
   * Sends a model file, or what an earlier try left to send of it, piece after piece, over broken connections too.
   * @throws what the hive says of the file; HIVE_UNREACHABLE; the signal's reason.
   */
  async upload(file: SentFile, { onProgress, signal, retryMs = RETRY_MS }: UploadOptions = {}): Promise<Model> {
    const wish = { name: file.name, size_bytes: file.size, modified_at: file.lastModified };
    const { id, offset: begun } = await this.json<Upload>("POST", "/v1/uploads", wish);
    let offset = begun;
    let lostAt: number | undefined;
    for (;;) {
      onProgress?.(offset, file.size);
      try {
        const answer = await this.#sendPiece(id, offset, file.slice(offset, offset + PIECE_BYTES), signal);
        if (answer.model) return answer.model;
        offset = answer.offset;
        lostAt = undefined;
      } catch (error) {
        signal?.throwIfAborted();
        const known = offsetOf(error);
        lostAt ??= Date.now();
        if (known === undefined && (!isPassing(error) || Date.now() - lostAt >= retryMs)) throw error;
        offset = known ?? offset;
        await new Promise((resolve) => setTimeout(resolve, RETRY_PAUSE_MS));
      }
    }
  }

  async #sendPiece(id: string, offset: number, piece: Blob, signal: AbortSignal | undefined): Promise<Upload & { model?: Model }> {
    const headers = { "content-type": "application/offset+octet-stream", "upload-offset": String(offset) };
    const response = await this.request("PATCH", `/v1/uploads/${id}`, { bytes: piece, headers, signal });
    return response.json() as Promise<Upload & { model?: Model }>;
  }

  shutdown(keepWorkers = false): Promise<unknown> {
    return this.json("POST", "/v1/shutdown", { keep_workers: keepWorkers });
  }

  /** What a worker process has written so far. */
  async processLog(id: string): Promise<Response> {
    return this.request("GET", `/v1/processes/${encodeURIComponent(id)}/logs`);
  }

  /** Every event of a job to its end, each once, also over broken connections. @throws CONNECTION_LOST, JOB_NOT_FOUND. */
  async *follow(id: string, { afterId = 0, signal, retryMs = RETRY_MS, onLost }: FollowOptions = {}): AsyncGenerator<StreamEvent> {
    let lastId = afterId;
    let giveUpAt: number | undefined;
    for (;;) {
      try {
        for await (const event of this.#stream(id, lastId, signal)) {
          lastId = event.id;
          giveUpAt = undefined;
          yield event;
          if (event.event === "end") return;
        }
        throw new Error("the stream ended early");
      } catch (error) {
        signal?.throwIfAborted();
        if (error instanceof Error && error.name === "RbeeError" && (error as { code?: string }).code !== "HIVE_UNREACHABLE") throw error;
        giveUpAt ??= performance.now() + (onLost?.() ?? retryMs);
        if (performance.now() >= giveUpAt) throw fail("CONNECTION_LOST", { reason: messageOf(error), job: id }, { cause: error });
        await new Promise((resolve) => setTimeout(resolve, RETRY_PAUSE_MS));
      }
    }
  }

  /** Runs an operation to its end and returns what it answered. @throws the error that it ended with. */
  async run<Name extends OperationName>(
    operation: Name,
    input: InputWritten<Name>,
    { onEvent, signal }: { onEvent?: (event: StreamEvent) => void; signal?: AbortSignal } = {},
  ): Promise<Output<Name>> {
    const { job_id } = await this.submit(operation, input);
    let result: unknown;
    let error: ErrorData | undefined;
    for await (const event of this.follow(job_id, { signal })) {
      onEvent?.(event);
      if (event.event === "result") result = event.data;
      if (event.event === "error") error = event.data;
    }
    if (error) throw errorFromData(error);
    return result as Output<Name>;
  }

  /** What a job has told until now; nothing is waited for. @throws JOB_NOT_FOUND. */
  async *told(id: string): AsyncGenerator<StreamEvent> {
    yield* this.#stream(id, 0, undefined, "?follow=false");
  }

  async *#stream(id: string, afterId: number, signal: AbortSignal | undefined, query = ""): AsyncGenerator<StreamEvent> {
    const headers = afterId > 0 ? { "last-event-id": String(afterId) } : {};
    const response = await this.request("GET", `/v1/jobs/${encodeURIComponent(id)}/stream${query}`, { headers, signal });
    for await (const { id: eventId, event, data } of decodeSse(response.body!)) {
      const number = Number(eventId);
      if (event === undefined) yield { id: number, event: "end", data };
      else yield { id: number, event, data: JSON.parse(data) } as StreamEvent;
    }
  }

  private async json<Answer>(method: string, path: string, body?: unknown): Promise<Answer> {
    const response = await this.request(method, path, { body }).catch(async (error: unknown) => {
      if (!this.#findNext || !LEAVING.includes((error as { code?: string }).code ?? "")) throw error;
      this.#address = await this.#findNext();
      return this.request(method, path, { body });
    });
    return response.json() as Promise<Answer>;
  }

  private async request(method: string, path: string, { body, bytes, headers = {}, signal }: RequestParts = {}): Promise<Response> {
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

/** Where an upload stands, when that is what the hive had to say. */
function offsetOf(error: unknown): number | undefined {
  const { code, data } = error as { code?: string; data?: { offset?: number } };
  return code === "UPLOAD_OFFSET" ? data?.offset : undefined;
}

function isPassing(error: unknown): boolean {
  return [...LEAVING, "UPLOAD_BUSY"].includes((error as { code?: string }).code ?? "");
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
