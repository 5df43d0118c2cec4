// The OpenAI-compatible routes: passed on to the worker that runs the model, bytes untouched both ways.
import type { WorkerProcess } from "../../lib/contract/views.ts";
import { fail, toRbeeError } from "../../lib/errors.ts";
import { findTextMember } from "../../lib/json-member.ts";
import { apiOfPath } from "../dialects/index.ts";
import type { Hive } from "../hive.ts";
import { TEXT } from "../worker/choose.ts";
import { type Counter, TokenCount } from "../worker/token-count.ts";
import { type Asked, askInTurn, askProcess } from "./inference.ts";

/** Headers that belong to one connection and are not passed on. Source: RFC 9110, 7.6.1. */
const HOP_BY_HOP = [
  "connection",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
  "host",
  "content-length",
  "authorization",
  "expect",
];

interface Passing {
  /** Who asks; requests of one client take turns with those of others. */
  readonly client: string;
}

/** Sends a request on and the answer back as it comes. A client that hangs up ends the request at the worker. */
export async function passOn(hive: Hive, request: Request, path: string, { client }: Passing): Promise<Response> {
  const question = new Uint8Array(await request.arrayBuffer());
  const model = isForm(request) ? await formModelOf(request.headers, question) : modelOf(question);
  const isBatch = request.headers.get("x-rbee-priority") === "batch";
  const asking = { api: apiOfPath(path) ?? TEXT, client, isBatch, signal: request.signal };
  const asked = await askInTurn(hive, model, asking, (process) =>
    askProcess(hive, process, path, {
      method: "POST",
      headers: withoutHops(request.headers),
      body: isForm(request) ? question : withModelName(hive, process, question),
      signal: request.signal,
      decompress: false,
    } as RequestInit & { headers: Headers }),
  );
  void hive.models.touch(asked.process.model ?? "").catch(() => {});
  return answerOf(hive, asked);
}

function answerOf(hive: Hive, { process, response, leave }: Asked): Response {
  const count = tokenCountOf(response, hive.supervisor.counterOf(process.id));
  const body = response.body && untilEnd(response.body, count, leave);
  if (!body) leave();
  return new Response(body, { status: response.status, headers: withoutHops(response.headers) });
}

/** OpenAI's list, with our fields beside. */
export async function listModels(hive: Hive) {
  const models = await hive.models.list();
  return { object: "list", data: models.map(describeModel) };
}

/** @throws MODEL_NOT_FOUND. */
export async function getModel(hive: Hive, id: string) {
  return describeModel(await hive.models.get(id));
}

/** An error as OpenAI's clients expect it: ours has code and message in the same places. */
export function openAiError(thrown: unknown): Response {
  const error = toRbeeError(thrown);
  const type = error.status < 500 ? "invalid_request_error" : "server_error";
  const headers: Record<string, string> = error.code === "WORKER_BUSY" ? { "retry-after": "1" } : {};
  return Response.json({ error: { ...error.toData(), type, param: null } }, { status: error.status, headers });
}

function describeModel(model: Awaited<ReturnType<Hive["models"]["get"]>>) {
  return { ...model, object: "model", created: Math.floor(model.added_at / 1000), owned_by: "rbee" };
}

/** Only looks for the model's name; everything else in the body is between client and worker. `default` and nothing mean any. */
function modelOf(body: Uint8Array): string | undefined {
  if (!new TextDecoder().decode(body.subarray(0, 64)).trimStart().startsWith("{"))
    throw fail("INVALID_INPUT", { field: "body", reason: "is not a JSON object" });
  const place = findTextMember(body, "model");
  if (!place) return undefined;
  const name = parseText(body.subarray(place.from, place.to));
  return name === "" || name === "default" ? undefined : name;
}

function isForm(request: Request): boolean {
  return (request.headers.get("content-type") ?? "").startsWith("multipart/form-data");
}

/** Clients of OpenAI's must name a model; `whisper-1` is what they write when they mean the one that is there. */
async function formModelOf(headers: Headers, body: Uint8Array): Promise<string | undefined> {
  const form = await new Response(body, { headers: { "content-type": headers.get("content-type") ?? "" } }).formData().catch(() => {
    throw fail("INVALID_INPUT", { field: "body", reason: "is not a form" });
  });
  const name = form.get("model");
  return typeof name !== "string" || ["", "default", "whisper-1"].includes(name) ? undefined : name;
}

function parseText(bytes: Uint8Array): string {
  try {
    return JSON.parse(new TextDecoder().decode(bytes)) as string;
  } catch {
    throw fail("INVALID_INPUT", { field: "model", reason: "is not a JSON text" });
  }
}

/** A worker that knows its model by one name only gets that name; not a byte more changes. */
function withModelName(hive: Hive, process: WorkerProcess, body: Uint8Array): Uint8Array {
  const { modelName } = hive.supervisor.access(process.id);
  const place = modelName === undefined ? undefined : findTextMember(body, "model");
  if (modelName === undefined || !place) return body;
  return Buffer.concat([body.subarray(0, place.from), Buffer.from(JSON.stringify(modelName)), body.subarray(place.to)]);
}

/** Counts what passes; what came compressed or is no answer is not looked into. */
function tokenCountOf({ headers, ok }: Response, counter: Counter): TokenCount | undefined {
  return ok && !headers.has("content-encoding") ? new TokenCount(headers.get("content-type") ?? "", counter) : undefined;
}

/** The same bytes, seen by `count`; `onEnd` runs once, when they end or nobody wants them any more. */
function untilEnd(body: ReadableStream<Uint8Array>, count: TokenCount | undefined, onEnd: () => void): ReadableStream<Uint8Array> {
  const reader = body.getReader();
  const end = () => {
    count?.end();
    onEnd();
  };
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      try {
        const { done, value } = await reader.read();
        if (done) {
          end();
          return controller.close();
        }
        count?.look(value);
        controller.enqueue(value);
      } catch (error) {
        end();
        controller.error(error);
      }
    },
    async cancel(reason) {
      end();
      await reader.cancel(reason);
    },
  });
}

function withoutHops(headers: Headers): Headers {
  const kept = new Headers(headers);
  for (const name of HOP_BY_HOP) kept.delete(name);
  return kept;
}
