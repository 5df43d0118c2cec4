// The hive's routes as OpenAPI 3.1 (spec.openapis.org/oas/v3.1.1), made from the table of routes and the contract.
import { z } from "zod";
import { Entry } from "../../lib/contract/entry.ts";
import { ErrorData, JobView } from "../../lib/contract/events.ts";
import { type OperationName, operations } from "../../lib/contract/operations.ts";
import { type JsonSchema, namedSchema, operationSchema, withoutDialect } from "../../lib/contract/schema.ts";
import { Capabilities, InstalledWorker, Model, Upload, WorkerDetails, WorkerProcess } from "../../lib/contract/views.ts";
import { VERSION } from "../../lib/version.ts";
import { UploadWish } from "../model/uploads.ts";

interface Route {
  readonly method: string;
  /** With `:name` for a segment and `*` for the rest, as the table of routes has it. */
  readonly path: string;
  readonly kind: "open" | "catalog" | "token" | "openai";
}

interface About {
  readonly summary: string;
  readonly answer?: JsonSchema;
  readonly type?: string;
  readonly status?: number;
  readonly body?: JsonSchema;
  /** Of a body that is no JSON. */
  readonly bodyType?: string;
}

const json = (schema: z.ZodType): JsonSchema => withoutDialect(z.toJSONSchema(schema, { unrepresentable: "any" }) as JsonSchema);
const ref = (name: string): JsonSchema => ({ $ref: `#/components/schemas/${name}` });
const anyObject: JsonSchema = { type: "object" };

const accepted = json(z.object({ job_id: z.string(), sse_url: z.string(), joined: z.boolean() }));
const cancelled = json(z.object({ job_id: z.string(), status: z.literal("cancelled") }));

/** What the table of routes does not say of itself. A route without a line here is listed with its path. */
const ABOUT: Readonly<Record<string, About>> = {
  "GET /health": {
    summary: "Is a hive here, and which",
    answer: json(z.object({ status: z.string(), service: z.string(), version: z.string() })),
  },
  "GET /": { summary: "The page", type: "text/html" },
  "GET /assets/:name": { summary: "What the page loads", type: "application/octet-stream" },
  "GET /openapi.json": { summary: "This document", answer: anyObject },
  "POST /v1/sign-in": {
    summary: "A code for a key",
    body: json(z.object({ code: z.string(), name: z.string().optional() })),
    answer: anyObject,
  },
  "GET /workers": { summary: "The catalog, as a catalog server serves it", answer: json(z.object({ workers: z.array(Entry) })) },
  "GET /workers/:id": { summary: "One entry of the catalog", answer: json(Entry) },
  "GET /workers/:id/PKGBUILD": { summary: "A worker's recipe", type: "text/plain" },
  "GET /workers/:id/files/:name": { summary: "A local file that the recipe names", type: "application/octet-stream" },
  "GET /v1/capabilities": { summary: "Devices, toolchains, disk, installed workers", answer: json(Capabilities) },
  "POST /v1/jobs": { summary: "Ask for an operation", body: ref("Operation"), answer: accepted, status: 202 },
  "GET /v1/jobs": { summary: "Jobs, newest first", answer: { type: "object", properties: { jobs: { type: "array", items: ref("Job") } } } },
  "GET /v1/jobs/:id": { summary: "One job", answer: ref("Job") },
  "GET /v1/jobs/:id/stream": {
    summary: "A job's events, from the start or after Last-Event-ID",
    type: "text/event-stream",
    answer: ref("Event"),
  },
  "DELETE /v1/jobs/:id": { summary: "Cancel; answers when nothing of the job lives", answer: cancelled },
  "GET /v1/workers": { summary: "What is installed", answer: json(z.object({ workers: z.array(InstalledWorker) })) },
  "GET /v1/workers/:id": { summary: "One worker, installed or only in the catalog", answer: json(WorkerDetails) },
  "GET /v1/processes": { summary: "What runs", answer: json(z.object({ processes: z.array(WorkerProcess) })) },
  "GET /v1/processes/:id": { summary: "One worker process", answer: json(WorkerProcess) },
  "GET /v1/processes/:id/logs": { summary: "What it has printed", type: "text/plain" },
  "GET /v1/models": { summary: "Models, in OpenAI's shape with our fields beside", answer: anyObject },
  "GET /v1/models/*": { summary: "One model; its id may hold slashes", answer: anyObject },
  "POST /v1/chat/completions": { summary: "OpenAI's chat completions, passed on to the worker", body: anyObject, answer: anyObject },
  "POST /v1/completions": { summary: "OpenAI's completions, passed on to the worker", body: anyObject, answer: anyObject },
  "POST /v1/embeddings": { summary: "OpenAI's embeddings, passed on to the worker", body: anyObject, answer: anyObject },
  "POST /v1/uploads": { summary: "Begin to send a model file, or go on with one", body: json(UploadWish), answer: json(Upload) },
  "GET /v1/uploads": { summary: "Uploads that are not whole", answer: json(z.object({ uploads: z.array(Upload) })) },
  "PATCH /v1/uploads/:id": {
    summary: "The next piece, at Upload-Offset; the last one answers with the model",
    bodyType: "application/offset+octet-stream",
    answer: json(Upload.extend({ model: Model.optional() })),
  },
  "DELETE /v1/uploads/:id": { summary: "Forget an unfinished upload", answer: json(Upload) },
  "GET /metrics": { summary: "Prometheus text", type: "text/plain" },
  "POST /v1/shutdown": {
    summary: "End jobs, workers, hive",
    body: json(z.object({ keep_workers: z.boolean().optional() })),
    answer: json(z.object({ status: z.string() })),
  },
};

/** The document for these routes. */
export function openApi(routes: readonly Route[]): JsonSchema {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const route of routes) {
    const path = route.path.replace(/:(\w+)/g, "{$1}").replace("*", "{id}");
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: describe(route, path) };
  }
  return {
    openapi: "3.1.1",
    info: { title: "rbee hive", version: VERSION, license: { name: "GPL-3.0-or-later", identifier: "GPL-3.0-or-later" } },
    paths,
    components: {
      securitySchemes: { token: { type: "http", scheme: "bearer" } },
      schemas: {
        Operation: anyOperation(),
        Event: withoutDialect(namedSchema("event")),
        Job: json(JobView),
        Error: json(z.object({ error: ErrorData })),
      },
    },
  };
}

function describe(route: Route, path: string): JsonSchema {
  const about = ABOUT[`${route.method} ${route.path}`] ?? { summary: path };
  const parameters = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({ name, in: "path", required: true, schema: { type: "string" } }));
  const type = about.type ?? "application/json";
  const refused = route.kind === "catalog" ? json(z.object({ error: z.string() })) : ref("Error");
  return {
    summary: about.summary,
    operationId: `${route.method.toLowerCase()}${path.replace(/\W+(\w?)/g, (_, letter: string) => letter.toUpperCase())}`,
    ...(parameters.length > 0 ? { parameters } : {}),
    ...(about.body ? { requestBody: { required: true, content: { "application/json": { schema: about.body } } } } : {}),
    ...(about.bodyType ? { requestBody: { required: true, content: { [about.bodyType]: {} } } } : {}),
    security: route.kind === "token" || route.kind === "openai" ? [{ token: [] }] : [],
    responses: {
      [about.status ?? 200]: { description: about.summary, content: { [type]: { schema: about.answer ?? { type: "string" } } } },
      default: { description: "What went wrong", content: { "application/json": { schema: refused } } },
    },
  };
}

/** Every operation with its name beside its input. */
function anyOperation(): JsonSchema {
  const names = Object.keys(operations) as OperationName[];
  return {
    oneOf: names.map((name) => {
      const {
        properties = {},
        required = [],
        ...rest
      } = withoutDialect(operationSchema(name).input) as {
        properties?: object;
        required?: string[];
      };
      return {
        title: name,
        ...rest,
        properties: { operation: { const: name }, hive_id: { type: "string" }, ...properties },
        required: ["operation", ...required],
      };
    }),
  };
}
