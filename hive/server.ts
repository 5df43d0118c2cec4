// Every route of the hive, and the one place where an error becomes a status.
import type { Server } from "bun";
import { z } from "zod";
import { findOffer, listOffers } from "../lib/catalog.ts";
import { CONTRACT_HEADER, CONTRACT_VERSION, isOperation, operations } from "../lib/contract/operations.ts";
import { fail, RbeeError, toRbeeError } from "../lib/errors.ts";
import { invalidInput } from "../lib/issues.ts";
import { VERSION } from "../lib/version.ts";
import type { Hive } from "./hive.ts";
import type { Jobs, OperationInput } from "./jobs.ts";
import type { Log } from "./log.ts";
import { UploadWish } from "./model/uploads.ts";
import { pageFile } from "./page/serve.ts";
import { recipeFile, recipeText } from "./recipes.ts";
import { checkContentType, checkContract, checkHost, checkOrigin, checkToken, corsHeaders, type Doors, preflight } from "./routes/doors.ts";
import { getModel, listModels, openAiError, passOn } from "./routes/openai.ts";
import { openApi } from "./routes/openapi.ts";
import { streamJournal } from "./routes/stream.ts";
import { withFigures } from "./worker/figures.ts";

export interface ServerOptions {
  readonly hive: Hive;
  readonly jobs: Jobs;
  readonly doors: Doors;
  readonly log: Log;
  readonly clients: Clients;
  /** Ends the hive after the answer was sent. */
  readonly onShutdown: (keepWorkers: boolean) => void;
}

/** Who is connected right now, and when somebody last was. */
export interface Clients {
  enter(): void;
  leave(): void;
  /** Somebody handed in a job and will come for its events. */
  expect(jobId: string): void;
  /** They came. */
  come(jobId: string): void;
}

interface Call extends ServerOptions {
  readonly request: Request;
  readonly server: Server<undefined>;
  /** What stands in the pattern's places, decoded. */
  readonly slots: readonly string[];
}

type Answer = (call: Call) => unknown;

/** `open`: without a token. `catalog`: open, errors in a catalog's shape. `openai`: errors in OpenAI's shape. */
const ROUTES: readonly (readonly [method: string, path: string, kind: "open" | "catalog" | "token" | "openai", answer: Answer])[] = [
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
  let kind: string = "open";
  try {
    checkHost(request, doors);
    checkOrigin(request, doors);
    const asked = preflight(request);
    if (asked) return withHeaders(asked, request, doors);
    const path = new URL(request.url).pathname;
    const route = findRoute(request.method, path);
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

/** @throws NOT_FOUND, METHOD_NOT_ALLOWED. */
function findRoute(method: string, path: string) {
  const allowed: string[] = [];
  for (const [wanted, pattern, kind, answer] of ROUTES) {
    const slots = matchPath(pattern, path);
    if (!slots) continue;
    if (wanted === method || (method === "HEAD" && wanted === "GET" && kind === "open")) return { kind, answer, slots };
    allowed.push(wanted);
  }
  throw allowed.length > 0 ? fail("METHOD_NOT_ALLOWED", { method, path }, { data: { allowed } }) : fail("NOT_FOUND", { path });
}

/** The decoded texts in the places of `:name` and `*` (which takes slashes too); undefined when the path is another one. */
function matchPath(pattern: string, path: string): string[] | undefined {
  const rest = pattern.endsWith("/*") ? pattern.slice(0, -1) : undefined;
  if (rest !== undefined) return path.startsWith(rest) && path.length > rest.length ? [decode(path.slice(rest.length))] : undefined;
  const wanted = pattern.split("/");
  const found = path.split("/");
  if (wanted.length !== found.length) return undefined;
  const slots: string[] = [];
  for (const [index, part] of wanted.entries()) {
    if (part.startsWith(":") && found[index]) slots.push(decode(found[index]));
    else if (part !== found[index]) return undefined;
  }
  return slots;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Checks an operation here, before it becomes a job: 400 names the field and the reason. */
function parseOperation(body: Readonly<Record<string, unknown>>): OperationInput {
  const { operation, hive_id: _, ...input } = body;
  if (!isOperation(operation))
    throw fail("INVALID_INPUT", {
      field: "operation",
      reason: operation === undefined ? "is missing" : `"${String(operation)}" is not one`,
    });
  const parsed = operations[operation].input.safeParse(input);
  if (parsed.success) return { operation, ...parsed.data };
  throw invalidInput(parsed.error);
}

const SignIn = z.strictObject({ code: z.string().min(1).max(100), name: z.string().max(200).default("") });

/** A code for a key: the only thing that somebody without one may ask for. */
async function signIn({ hive, request }: Call): Promise<unknown> {
  const parsed = SignIn.safeParse(await request.json().catch(() => undefined));
  if (!parsed.success) throw fail("INVALID_INPUT", { field: "code", reason: "is missing or wrong" });
  return hive.browsers.signIn(parsed.data.code, parsed.data.name);
}

async function submit({ jobs, request, clients }: Call): Promise<Response> {
  const body = await request.json().catch(() => {
    throw fail("INVALID_INPUT", { field: "body", reason: "is not JSON" });
  });
  if (body === null || typeof body !== "object" || Array.isArray(body))
    throw fail("INVALID_INPUT", { field: "body", reason: "must be a JSON object" });
  const { job, joined } = jobs.submit(parseOperation(body as Record<string, unknown>));
  clients.expect(job.id);
  const place = `/v1/jobs/${job.id}`;
  return Response.json({ job_id: job.id, sse_url: `${place}/stream`, joined }, { status: 202, headers: { location: place } });
}

/** Answers a GET with the result of a query. */
async function ask({ jobs, request }: Call, body: Record<string, unknown>): Promise<unknown> {
  const { job } = jobs.submit(parseOperation(body));
  request.signal.addEventListener("abort", () => job.end("cancelled", fail("CANCELLED", {})), { once: true });
  await job.ended;
  jobs.wasRead(job.id);
  if (job.error) throw job.error;
  return job.view().result;
}

function stream({ jobs, slots, request, server, clients }: Call): Response {
  server.timeout(request, 0);
  const afterId = Number(request.headers.get("last-event-id") ?? 0);
  if (!Number.isSafeInteger(afterId) || afterId < 0) throw fail("INVALID_INPUT", { field: "Last-Event-ID", reason: "must be a number" });
  const journal = jobs.journal(slots[0]!);
  clients.enter();
  clients.come(slots[0]!);
  const follow = new URL(request.url).searchParams.get("follow") !== "false";
  const onClose = (hasAll: boolean) => {
    clients.leave();
    if (hasAll) jobs.wasRead(slots[0]!);
  };
  return streamJournal(journal, afterId, { onClose, follow });
}

async function cancel({ jobs, slots, request, server }: Call): Promise<unknown> {
  server.timeout(request, 0);
  await jobs.cancel(slots[0]!);
  return { job_id: slots[0], status: "cancelled" };
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

function toErrorResponse(thrown: unknown, kind: string, { log, request }: Call): Response {
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
