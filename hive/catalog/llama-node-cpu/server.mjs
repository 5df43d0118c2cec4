// An OpenAI-compatible server around llama.cpp, run by rbee itself as a Bun program: its options, its door and its routes.
import { timingSafeEqual } from "node:crypto";
import { availableParallelism } from "node:os";
import { basename } from "node:path";
import { parseArgs } from "node:util";
import { answerEmbeddings, answerGeneration, CHAT, errorBody, TEXT } from "./answers.mjs";
import { openEngine, openLlama } from "./engine.mjs";

const { values: options } = parseArgs({
  options: {
    model: { type: "string" },
    host: { type: "string", default: "127.0.0.1" },
    port: { type: "string", default: "8080" },
    alias: { type: "string" },
    // cuda, vulkan, metal; without it the processor.
    gpu: { type: "string" },
    "ctx-size": { type: "string" },
    // ggml's threads spin at a barrier: with as many as there are cores, one busy neighbour makes all of them wait.
    threads: { type: "string", default: String(Math.max(1, availableParallelism() - 1)) },
    parallel: { type: "string", default: "4" },
    // Says that it is whole: the engine is loaded, a model is not.
    version: { type: "boolean" },
  },
});
if (!options.model && !options.version) throw new Error("--model FILE is needed");

const llama = await openLlama({ gpu: options.gpu, threads: Number(options.threads) });
if (options.version) {
  process.stdout.write(`llama.cpp ${llama.llamaCppRelease.release} (${llama.gpu || "cpu"})\n`);
  process.exit(0);
}
const modelId = options.alias ?? basename(options.model, ".gguf");
const apiKey = process.env.LLAMA_NODE_API_KEY ?? "";
const engine = await openEngine(llama, {
  modelPath: options.model,
  threads: Number(options.threads),
  parallel: Number(options.parallel),
  contextSize: options["ctx-size"] ? Number(options["ctx-size"]) : undefined,
});

const ROUTES = {
  "/v1/chat/completions": (request, body) => answerGeneration(engine, modelId, request, body, CHAT),
  "/v1/completions": (request, body) => answerGeneration(engine, modelId, request, body, TEXT),
  "/v1/embeddings": (_, body) => answerEmbeddings(engine, modelId, body),
};

function refuse(status, message, code = null) {
  return Response.json({ error: { message, type: "invalid_request_error", param: null, code } }, { status });
}

function isAllowed(request) {
  if (!apiKey) return true;
  const given = Buffer.from(request.headers.get("authorization") ?? "");
  const wanted = Buffer.from(`Bearer ${apiKey}`);
  return given.length === wanted.length && timingSafeEqual(given, wanted);
}

async function answer(request, server) {
  const { pathname } = new URL(request.url);
  if (pathname === "/health") return Response.json({ status: "ok", model: modelId, pid: process.pid });
  if (!isAllowed(request)) return refuse(401, "The key is wrong", "invalid_api_key");
  if (pathname === "/v1/models")
    return Response.json({ object: "list", data: [{ id: modelId, object: "model", created: 0, owned_by: "rbee" }] });
  const route = Object.hasOwn(ROUTES, pathname) ? ROUTES[pathname] : undefined;
  if (!route) return refuse(404, "No such path");
  if (request.method !== "POST") return refuse(405, `${pathname} wants POST`);
  server.timeout(request, 0);
  const body = await request.json();
  if (typeof body !== "object" || body === null || Array.isArray(body)) return refuse(400, "The body must be a JSON object");
  return route(request, body);
}

// Only now can the model answer, so only now is there a port to find: an open port means ready.
const server = Bun.serve({
  hostname: options.host,
  port: Number(options.port),
  maxRequestBodySize: 128 << 20,
  fetch: (request, server) =>
    answer(request, server).catch((error) => {
      const { status, body } = errorBody(error);
      return Response.json(body, { status });
    }),
});
console.log(`${modelId} is ready on ${server.url} with ${options.threads} thread(s)`);
