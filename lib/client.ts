// The only door to a hive for the command line and the page: typed operations in, events and a typed output back.
import { type ChatBody, type ChatPiece, chat } from "./client/chat.ts";
import { type Address, RETRY_MS, RETRY_PAUSE_MS, Transport } from "./client/transport.ts";
import { type SentFile, type UploadOptions, upload } from "./client/upload.ts";
import type { JobEvent, JobView } from "./contract/events.ts";
import type { InputWritten, OperationName, Output } from "./contract/operations.ts";
import type { Model, Upload } from "./contract/views.ts";
import { type ErrorData, errorFromData, fail } from "./errors.ts";
import { messageOf } from "./issues.ts";
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

export class HiveClient {
  readonly #hive: Transport;

  /** `findNext` finds the hive that takes the place of one that has ended; without it such an end is an error. */
  constructor(url: string, token: string | undefined, findNext?: () => Promise<Address>) {
    this.#hive = new Transport(url, token, findNext);
  }

  get url(): string {
    return this.#hive.url;
  }

  health(): Promise<{ status: string; service: string; version: string }> {
    return this.#hive.json("GET", "/health");
  }

  /** Exchanges a one-time code for a key of this browser's own. @throws CODE_REFUSED. */
  signIn(code: string, name: string): Promise<{ id: string; key: string }> {
    return this.#hive.json("POST", "/v1/sign-in", { code, name });
  }

  /** One answer of a model as it is made. Aborting `signal` ends the work at the worker. @throws what the hive or the worker says. */
  chat(body: ChatBody, options: { signal?: AbortSignal } = {}): AsyncGenerator<ChatPiece> {
    return chat(this.#hive, body, options);
  }

  /** Hands an operation to the hive, which checks it. @throws INVALID_INPUT, HIVE_UNREACHABLE, UNAUTHORIZED, CONTRACT_MISMATCH … */
  submit<Name extends OperationName>(
    operation: Name,
    input: InputWritten<Name>,
  ): Promise<{ job_id: string; sse_url: string; joined: boolean }> {
    return this.#hive.json("POST", "/v1/jobs", { operation, ...input });
  }

  job(id: string): Promise<JobView> {
    return this.#hive.json("GET", `/v1/jobs/${encodeURIComponent(id)}`);
  }

  jobs(): Promise<{ jobs: JobView[] }> {
    return this.#hive.json("GET", "/v1/jobs");
  }

  /** Resolves when the job is over and nothing of it lives. @throws JOB_ENDED, JOB_NOT_FOUND, CANCEL_INCOMPLETE. */
  cancel(id: string): Promise<{ job_id: string; status: "cancelled" }> {
    return this.#hive.json("DELETE", `/v1/jobs/${encodeURIComponent(id)}`);
  }

  /** Uploads that are not whole. */
  uploads(): Promise<{ uploads: Upload[] }> {
    return this.#hive.json("GET", "/v1/uploads");
  }

  forgetUpload(id: string): Promise<Upload> {
    return this.#hive.json("DELETE", `/v1/uploads/${encodeURIComponent(id)}`);
  }

  /** Sends a model file, or what an earlier try left to send of it. @throws what the hive says of the file; HIVE_UNREACHABLE; the signal's reason. */
  upload(file: SentFile, options: UploadOptions = {}): Promise<Model> {
    return upload(this.#hive, file, options);
  }

  shutdown(keepWorkers = false): Promise<unknown> {
    return this.#hive.json("POST", "/v1/shutdown", { keep_workers: keepWorkers });
  }

  /** What a worker process has written so far. */
  async processLog(id: string): Promise<Response> {
    return this.#hive.request("GET", `/v1/processes/${encodeURIComponent(id)}/logs`);
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
    const response = await this.#hive.request("GET", `/v1/jobs/${encodeURIComponent(id)}/stream${query}`, { headers, signal });
    for await (const { id: eventId, event, data } of decodeSse(response.body!)) {
      const number = Number(eventId);
      if (event === undefined) yield { id: number, event: "end", data };
      else yield { id: number, event, data: JSON.parse(data) } as StreamEvent;
    }
  }
}
