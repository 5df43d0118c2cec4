// An OpenAI-compatible server around llama.cpp (through node-llama-cpp), run by rbee itself as a Bun program.
// Source of the shapes: OpenAI's API reference (chat completions, completions, embeddings, models).
import { timingSafeEqual } from "node:crypto";
import { availableParallelism } from "node:os";
import { basename } from "node:path";
import { parseArgs } from "node:util";
import { getLlama, LlamaChatSession, LlamaCompletion } from "node-llama-cpp";

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

const modelId = options.alias ?? basename(options.model, ".gguf");
const apiKey = process.env.LLAMA_NODE_API_KEY ?? "";
const llama = await getLlama({
  gpu: options.gpu ?? false,
  build: "never",
  skipDownload: true,
  logLevel: "warn",
  maxThreads: Number(options.threads),
});
if (options.version) {
  process.stdout.write(`llama.cpp ${llama.llamaCppRelease.release} (${llama.gpu || "cpu"})\n`);
  process.exit(0);
}
const model = await llama.loadModel({ modelPath: options.model });
const context = await model.createContext({
  sequences: Number(options.parallel),
  threads: Number(options.threads),
  contextSize: options["ctx-size"] ? Number(options["ctx-size"]) : { max: Math.min(model.trainContextSize, 8192) },
});
let embeddingContext;

/** Runs `use` with a sequence of the context; waits for one when all are taken. */
const waiting = [];
async function withSequence(signal, use) {
  while (context.sequencesLeft === 0) await new Promise((resolve) => waiting.push(resolve));
  signal.throwIfAborted();
  const sequence = context.getSequence();
  try {
    return await use(sequence);
  } finally {
    sequence.dispose();
    waiting.shift()?.();
  }
}

class BadRequest extends Error {}

function textOf(content) {
  if (typeof content === "string") return content;
  if (!Array.isArray(content)) throw new BadRequest("messages: content must be a text or a list of parts");
  return content
    .map((part) => {
      if (part.type !== "text") throw new BadRequest(`messages: ${part.type} is not supported by this worker`);
      return part.text;
    })
    .join("");
}

function sampling(body) {
  const stops = [body.stop ?? []].flat();
  return {
    maxTokens: body.max_completion_tokens ?? body.max_tokens ?? undefined,
    temperature: body.temperature ?? 0.8,
    topP: body.top_p ?? 0.95,
    ...(body.seed == null ? {} : { seed: body.seed }),
    ...(stops.length ? { customStopTriggers: stops } : {}),
  };
}

/** Answers a chat or a prompt; `onText` gets the pieces. */
async function generate(body, isChat, signal, onText) {
  return withSequence(signal, async (contextSequence) => {
    let completionTokens = 0;
    const common = { ...sampling(body), signal, onTextChunk: onText, onToken: (tokens) => (completionTokens += tokens.length) };
    const result = isChat ? await chat(body, contextSequence, common) : await complete(body, contextSequence, common);
    const promptTokens = Math.max(0, contextSequence.nextTokenIndex - completionTokens);
    return {
      text: result.responseText ?? result.response,
      finish_reason: result.metadata?.stopReason === "maxTokens" || result.stopReason === "maxTokens" ? "length" : "stop",
      usage: { prompt_tokens: promptTokens, completion_tokens: completionTokens, total_tokens: promptTokens + completionTokens },
    };
  });
}

async function chat({ messages }, contextSequence, common) {
  if (!Array.isArray(messages) || messages.length === 0) throw new BadRequest("messages: a list with at least one message is needed");
  const history = messages.map(({ role, content }) => {
    if (role === "assistant") return { type: "model", response: [textOf(content)] };
    if (role === "system" || role === "developer") return { type: "system", text: textOf(content) };
    if (role === "user") return { type: "user", text: textOf(content) };
    throw new BadRequest(`messages: the role ${role} is not supported by this worker`);
  });
  const last = history.pop();
  if (last.type !== "user") throw new BadRequest("messages: the last message must be the user's");
  const session = new LlamaChatSession({
    contextSequence,
    autoDisposeSequence: false,
    ...(history[0]?.type === "system" ? {} : { systemPrompt: "" }),
  });
  if (history.length) session.setChatHistory(history);
  return session.promptWithMeta(last.text, common);
}

async function complete({ prompt }, contextSequence, common) {
  const text = Array.isArray(prompt) && prompt.length === 1 ? prompt[0] : prompt;
  if (typeof text !== "string") throw new BadRequest("prompt: one text is needed");
  return new LlamaCompletion({ contextSequence }).generateCompletionWithMeta(text, common);
}

async function answerGeneration(request, body, isChat) {
  const id = `${isChat ? "chatcmpl" : "cmpl"}-${crypto.randomUUID()}`;
  const common = { id, created: Math.floor(Date.now() / 1000), model: modelId };
  const object = isChat ? "chat.completion" : "text_completion";
  if (!body.stream) {
    const { text, finish_reason, usage } = await generate(body, isChat, request.signal, undefined);
    const choice = isChat ? { message: { role: "assistant", content: text } } : { text };
    return Response.json({ ...common, object, choices: [{ index: 0, ...choice, logprobs: null, finish_reason }], usage });
  }
  const gone = new AbortController();
  const signal = AbortSignal.any([request.signal, gone.signal]);
  const stream = new ReadableStream({
    async start(controller) {
      const send = (data) => controller.enqueue(`data: ${typeof data === "string" ? data : JSON.stringify(data)}\n\n`);
      const chunk = (delta, finish_reason = null) =>
        send({
          ...common,
          object: isChat ? "chat.completion.chunk" : object,
          choices: [{ index: 0, ...delta, logprobs: null, finish_reason }],
        });
      try {
        if (isChat) chunk({ delta: { role: "assistant", content: "" } });
        const { finish_reason, usage } = await generate(body, isChat, signal, (text) =>
          chunk(isChat ? { delta: { content: text } } : { text }),
        );
        chunk(isChat ? { delta: {} } : { text: "" }, finish_reason);
        if (body.stream_options?.include_usage) send({ ...common, object: isChat ? "chat.completion.chunk" : object, choices: [], usage });
        send("[DONE]");
      } catch (error) {
        if (!signal.aborted) send(errorBody(error).body);
      }
      if (!signal.aborted) controller.close();
    },
    cancel: () => gone.abort(),
  });
  return new Response(stream, { headers: { "content-type": "text/event-stream", "cache-control": "no-cache" } });
}

async function answerEmbeddings(body) {
  const inputs = [body.input ?? []].flat();
  if (inputs.length === 0 || inputs.some((input) => typeof input !== "string"))
    throw new BadRequest("input: a text or a list of texts is needed");
  embeddingContext ??= model.createEmbeddingContext({ threads: Number(options.threads) });
  const embedder = await embeddingContext;
  const data = [];
  for (const [index, input] of inputs.entries())
    data.push({ object: "embedding", index, embedding: [...(await embedder.getEmbeddingFor(input)).vector] });
  return Response.json({ object: "list", model: modelId, data, usage: { prompt_tokens: 0, total_tokens: 0 } });
}

function errorBody(error) {
  const isCaller = error instanceof BadRequest || error instanceof SyntaxError;
  return {
    status: isCaller ? 400 : 500,
    body: { error: { message: error.message, type: isCaller ? "invalid_request_error" : "server_error", code: null } },
  };
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
  if (!isAllowed(request))
    return Response.json(
      { error: { message: "The key is wrong", type: "invalid_request_error", code: "invalid_api_key" } },
      { status: 401 },
    );
  if (pathname === "/v1/models")
    return Response.json({ object: "list", data: [{ id: modelId, object: "model", created: 0, owned_by: "rbee" }] });
  if (request.method !== "POST")
    return Response.json({ error: { message: "No such path", type: "invalid_request_error", code: null } }, { status: 404 });
  server.timeout(request, 0);
  const body = await request.json();
  if (pathname === "/v1/chat/completions") return answerGeneration(request, body, true);
  if (pathname === "/v1/completions") return answerGeneration(request, body, false);
  if (pathname === "/v1/embeddings") return answerEmbeddings(body);
  return Response.json({ error: { message: "No such path", type: "invalid_request_error", code: null } }, { status: 404 });
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
