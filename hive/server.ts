// Every route of the hive, and the one place where an error becomes a status.
import type { Server } from "bun";
import { z } from "zod";
import { findOffer, listOffers } from "../lib/catalog.ts";
import { CONTRACT_HEADER, CONTRACT_VERSION } from "../lib/contract/operations.ts";
import { fail, RbeeError, toRbeeError } from "../lib/errors.ts";
import { invalidInput } from "../lib/issues.ts";
import { VERSION } from "../lib/version.ts";
import { UploadWish } from "./model/uploads.ts";
import { pageFile } from "./page/serve.ts";
import { recipeFile, recipeText } from "./recipes.ts";
import type { Call, ServerOptions } from "./routes/call.ts";
import { checkContentType, checkContract, checkHost, checkOrigin, checkToken, corsHeaders, type Doors, preflight } from "./routes/doors.ts";
import { ask, cancel, stream, submit } from "./routes/jobs.ts";
import { findRoute, type Route, type RouteKind } from "./routes/match.ts";
import { getModel, listModels, openAiError, passOn } from "./routes/openai.ts";
import { openApi } from "./routes/openapi.ts";
import { withFigures } from "./worker/figures.ts";

const ROUTES: readonly Route[] = [
  ["GET", "/health", "open", () => ({ status: "ok", service: "rbee-hive", version: VERSION })],
  ["GET", "/openapi.json", "open", () => openApi(ROUTES.map(([method, path, kind]) => ({ method, path, kind })))],
  ["GET", "/", "open", ({ request }) => pageFile(request)],
  ["GET", "/assets/:name", "open", ({ request }) => pageFile(request)],
  ["POST", "/v1/sign-in", "open", signIn],
  [
    "GET",
    "/workers",
    "catalog",
    async ({ hive, request }) => ({ workers: (await listOffers(hive.catalogs, request.signal)).offers.map(({ entry }) => entry) }),
  ],
  ["GET", "/workers/:id", "catalog", async ({ hive, slots, request }) => (await findOffer(hive.catalogs, slots[0]!, request.signal)).entry],
  ["GET", "/workers/:id/PKGBUILD", "catalog", ({ hive, slots, request }) => recipeText(hive, slots[0]!, request.signal)],
  ["GET", "/workers/:id/files/:name", "catalog", ({ hive, slots, request }) => recipeFile(hive, slots[0]!, slots[1]!, request.signal)],
  ["GET", "/v1/capabilities", "token", (call) => ask(call, { operation: "hive_check" })],
  ["POST", "/v1/jobs", "token", submit],
  ["GET", "/v1/jobs", "token", ({ jobs }) => ({ jobs: jobs.list() })],
  ["GET", "/v1/jobs/:id", "token", ({ jobs, slots }) => jobs.view(slots[0]!)],
  ["GET", "/v1/jobs/:id/stream", "token", stream],
  ["DELETE", "/v1/jobs/:id", "token", cancel],
  ["GET", "/v1/workers", "token", (call) => ask(call, { operation: "worker_list_installed" })],
  ["GET", "/v1/workers/:id", "token", (call) => ask(call, { operation: "worker_installed_get", worker_id: call.slots[0] })],
  ["GET", "/v1/processes", "token", ({ hive }) => ({ processes: hive.supervisor.list().map((each) => withFigures(hive, each)) })],
  ["GET", "/v1/processes/:id", "token", ({ hive, slots }) => withFigures(hive, hive.supervisor.get(slots[0]!))],
  [
    "GET",
    "/v1/processes/:id/logs",
    "token",
    ({ hive, slots }) =>
      new Response(Bun.file(hive.supervisor.get(slots[0]!).log), { headers: { "content-type": "text/plain; charset=utf-8" } }),
  ],
  ["GET", "/v1/models", "openai", ({ hive }) => listModels(hive)],
  ["GET", "/v1/models/*", "openai", ({ hive, slots }) => getModel(hive, slots[0]!)],
  ["POST", "/v1/chat/completions", "openai", infer],
  ["POST", "/v1/completions", "openai", infer],
  ["POST", "/v1/embeddings", "openai", infer],
  ["POST", "/v1/audio/transcriptions", "openai", infer],
  ["POST", "/v1/images/generations", "openai", infer],
  ["POST", "/v1/uploads", "token", beginUpload],
  ["GET", "/v1/uploads", "token", async ({ hive }) => ({ uploads: await hive.uploads.list() })],
  ["PATCH", "/v1/uploads/:id", "token", writeUpload],
  ["DELETE", "/v1/uploads/:id", "token", ({ hive, slots }) => hive.uploads.remove(slots[0]!)],
  ["GET", "/metrics", "token", metrics],
  ["POST", "/v1/shutdown", "token", shutdown],
];

/** A body larger than this is refused before it is read. Bytes. */
const MAX_BODY = 128 << 20;

/** Listens on the doors' host and port; port 0 takes a free one. Throws what the system says when it cannot. */
export function serve(options: ServerOptions, port: number): Server<undefined> {
  return Bun.serve({
    hostname: options.doors.host,
    port,
    maxRequestBodySize: MAX_BODY,
    // A stream that says nothing for a while is not a dead one: streams turn this off for themselves.
    idleTimeout: 30,
    fetch: (request, server) => answer({ ...options, request, server, slots: [] }),
  });
}

async function answer(call: Call): Promise<Response> {
  const { request, clients, doors } = call;
  clients.enter();
  let kind: RouteKind = "open";
  try {
    checkHost(request, doors);
    checkOrigin(request, doors);
    const asked = preflight(request);
    if (asked) return withHeaders(asked, request, doors);
    const path = new URL(request.url).pathname;
    const route = findRoute(ROUTES, request.method, path);
    kind = route.kind;
    if (kind === "token" || kind === "openai") checkToken(request, doors);
    checkContract(request, doors);
    checkContentType(request);
    return withHeaders(toResponse(await route.answer({ ...call, slots: route.slots })), request, doors);
  } catch (thrown) {
    return withHeaders(toErrorResponse(thrown, kind, call), request, doors);
  } finally {
    clients.leave();
  }
}

const SignIn = z.strictObject({ code: z.string().min(1).max(100), name: z.string().max(200).default("") });

/** A code for a key: the only thing that somebody without one may ask for. */
async function signIn({ hive, request }: Call): Promise<unknown> {
  const parsed = SignIn.safeParse(await request.json().catch(() => undefined));
  if (!parsed.success) throw fail("INVALID_INPUT", { field: "code", reason: "is missing or wrong" });
  return hive.browsers.signIn(parsed.data.code, parsed.data.name);
}

async function infer({ hive, request, server }: Call): Promise<Response> {
  server.timeout(request, 0);
  const client = request.headers.get("x-rbee-client") ?? server.requestIP(request)?.address ?? "";
  return passOn(hive, request, new URL(request.url).pathname, { client });
}

async function beginUpload({ hive, request }: Call): Promise<unknown> {
  const parsed = UploadWish.safeParse(await request.json().catch(() => undefined));
  if (!parsed.success) throw invalidInput(parsed.error);
  return hive.uploads.begin(parsed.data);
}

async function writeUpload({ hive, request, slots }: Call): Promise<unknown> {
  const offset = Number(request.headers.get("upload-offset") ?? Number.NaN);
  if (!Number.isSafeInteger(offset)) throw fail("INVALID_INPUT", { field: "Upload-Offset", reason: "must be a number" });
  return hive.uploads.write(slots[0]!, offset, request.body ?? new Blob([]).stream());
}

async function metrics({ hive, jobs }: Call): Promise<Response> {
  const { collectMetrics } = await import("./routes/metrics.ts");
  const { text, type } = await collectMetrics(hive, jobs);
  return new Response(text, { headers: { "content-type": type } });
}

async function shutdown({ request, onShutdown }: Call): Promise<unknown> {
  const body = z.object({ keep_workers: z.boolean().optional() }).safeParse(await request.json().catch(() => ({})));
  onShutdown(body.data?.keep_workers ?? false);
  return { status: "shutting_down" };
}

function toResponse(value: unknown): Response {
  return value instanceof Response ? value : Response.json(value);
}

function toErrorResponse(thrown: unknown, kind: RouteKind, { log, request }: Call): Response {
  const error = toRbeeError(thrown);
  if (error.code === "INTERNAL")
    log.error("A request failed", { path: new URL(request.url).pathname, error: (thrown as Error)?.stack ?? String(thrown) });
  if (kind === "openai") return openAiError(error);
  const init = { status: error.status, headers: headersOf(error) };
  if (kind === "catalog") return Response.json({ error: error.code === "WORKER_NOT_FOUND" ? "Worker not found" : error.message }, init);
  return Response.json({ error: error.toData() }, init);
}

/** What RFC 9110 wants beside a status: 401 says how to come in (15.5.2), 405 what may be asked (15.5.6). */
function headersOf({ status, data }: RbeeError): Record<string, string> {
  if (status === 401) return { "www-authenticate": "Bearer" };
  return status === 405 ? { allow: (data as { allowed: string[] }).allowed.join(", ") } : {};
}

function withHeaders(response: Response, request: Request, doors: Doors): Response {
  response.headers.set(CONTRACT_HEADER, String(CONTRACT_VERSION));
  response.headers.set("x-content-type-options", "nosniff");
  for (const [name, value] of Object.entries(corsHeaders(request, doors))) response.headers.set(name, value);
  return response;
}

/** What a port that cannot be had means, for the message; undefined for other failures. */
export function isPortTaken(error: unknown): boolean {
  return !(error instanceof RbeeError) && (error as { code?: string } | null)?.code === "EADDRINUSE";
}
