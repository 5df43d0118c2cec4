// The OpenAI-compatible routes: passed on to the worker that runs the model, bytes untouched both ways.
import { fail, toRbeeError } from "../lib/errors.ts";
import type { Hive } from "./hive.ts";
import { askProcess, ensureReady } from "./inference.ts";

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

/** Sends a request on and the answer back as it comes. A client that hangs up ends the request at the worker. */
export async function passOn(hive: Hive, request: Request, path: string): Promise<Response> {
  const body = new Uint8Array(await request.arrayBuffer());
  const process = await ensureReady(hive, modelOf(body), { signal: request.signal });
  const answer = await askProcess(hive, process, path, {
    method: "POST",
    headers: withoutHops(request.headers),
    body,
    signal: request.signal,
    decompress: false,
  } as RequestInit & { headers: Headers });
  return new Response(answer.body, { status: answer.status, headers: withoutHops(answer.headers) });
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
  return Response.json({ error: { ...error.toData(), type, param: null } }, { status: error.status });
}

function describeModel(model: Awaited<ReturnType<Hive["models"]["get"]>>) {
  return { ...model, object: "model", created: Math.floor(model.added_at / 1000), owned_by: "rbee" };
}

/** Only looks for the model's name; everything else in the body is between client and worker. */
function modelOf(body: Uint8Array): string | undefined {
  try {
    const { model } = JSON.parse(new TextDecoder().decode(body)) as { model?: unknown };
    return typeof model === "string" && model !== "" && model !== "default" ? model : undefined;
  } catch {
    throw fail("INVALID_INPUT", { field: "body", reason: "is not JSON" });
  }
}

function withoutHops(headers: Headers): Headers {
  const kept = new Headers(headers);
  for (const name of HOP_BY_HOP) kept.delete(name);
  return kept;
}
