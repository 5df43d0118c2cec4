// What is generated, in the shapes that OpenAI's clients read: whole, or in pieces as server-sent events.
import { Refusal, readSampling } from "./openai.mjs";

/** Chat completions. `reasoning_content` is llama.cpp's name for what a model thinks before it answers. */
export const CHAT = {
  prefix: "chatcmpl",
  object: "chat.completion",
  chunk: "chat.completion.chunk",
  tasks: "chatTasks",
  opening: { delta: { role: "assistant", content: "" } },
  piece: ({ text, thought }) => ({ delta: thought ? { reasoning_content: thought } : { content: text } }),
  closing: ({ calls }) => ({ delta: calls.length ? { tool_calls: calls.map((call, index) => ({ index, ...call })) } : {} }),
  whole: ({ text, thoughts, calls }) => ({
    message: {
      role: "assistant",
      content: calls.length && text === "" ? null : text,
      ...(thoughts ? { reasoning_content: thoughts } : {}),
      ...(calls.length ? { tool_calls: calls } : {}),
    },
  }),
};

/** Completions of a text. */
export const TEXT = {
  prefix: "cmpl",
  object: "text_completion",
  chunk: "text_completion",
  tasks: "textTasks",
  opening: undefined,
  piece: ({ text }) => ({ text }),
  closing: () => ({ text: "" }),
  whole: ({ text }) => ({ text }),
};

/** Answers a request of either shape. @throws Refusal before anything is generated */
export async function answerGeneration(engine, model, request, body, shape) {
  const sampling = readSampling(body);
  const tasks = await engine[shape.tasks](body);
  const wanted = tasks.flatMap((task) => Array.from({ length: sampling.n }, () => task));
  const common = { id: `${shape.prefix}-${crypto.randomUUID()}`, created: Math.floor(Date.now() / 1000), model };
  const choose = (signal, onPiece) =>
    Promise.all(
      wanted.map((task, index) =>
        task.run({ sampling: seeded(sampling, index), signal, onPiece: onPiece && ((piece) => onPiece(index, piece)) }),
      ),
    );
  const usageOf = (results) => countUsage(tasks, results);
  if (body.stream)
    return stream({ request, shape, common, choose, usageOf, count: wanted.length, withUsage: body.stream_options?.include_usage });
  const results = await choose(request.signal);
  const choices = results.map((result, index) => ({ index, ...shape.whole(result), logprobs: null, finish_reason: result.finish_reason }));
  return Response.json({ ...common, object: shape.object, choices, usage: usageOf(results) });
}

/** Vectors. The clients for Node and Python ask for base64 unless told otherwise. */
export async function answerEmbeddings(engine, model, body) {
  const results = await engine.embed(body);
  const write = (vector) =>
    body.encoding_format === "base64" ? Buffer.from(Float32Array.from(vector).buffer).toString("base64") : [...vector];
  const data = results.map(({ vector }, index) => ({ object: "embedding", index, embedding: write(vector) }));
  const tokens = sum(results.map((result) => result.tokens));
  return Response.json({ object: "list", model, data, usage: { prompt_tokens: tokens, total_tokens: tokens } });
}

/** An error as OpenAI's clients read it, with its status. */
export function errorBody(error) {
  const isCaller = error instanceof Refusal || error instanceof SyntaxError;
  const type = isCaller ? "invalid_request_error" : "server_error";
  return {
    status: isCaller ? 400 : 500,
    body: { error: { message: error.message, type, param: error.param ?? null, code: error.code ?? null } },
  };
}

/** Answers that are asked for together differ, and are the same the next time. */
function seeded(sampling, index) {
  return sampling.seed === undefined ? sampling : { ...sampling, seed: (sampling.seed + index) % 2 ** 32 };
}

function countUsage(tasks, results) {
  const prompt_tokens = sum(tasks.map(({ promptTokens }) => promptTokens));
  const completion_tokens = sum(results.map(({ usage }) => usage.completion));
  const cached_tokens = Math.min(prompt_tokens, sum(results.map(({ usage }) => usage.cached)));
  return { prompt_tokens, completion_tokens, total_tokens: prompt_tokens + completion_tokens, prompt_tokens_details: { cached_tokens } };
}

function sum(numbers) {
  return numbers.reduce((total, number) => total + number, 0);
}

function stream({ request, shape, common, choose, usageOf, count, withUsage }) {
  const gone = new AbortController();
  const signal = AbortSignal.any([request.signal, gone.signal]);
  const body = new ReadableStream({
    async start(controller) {
      const send = (data) => signal.aborted || controller.enqueue(`data: ${typeof data === "string" ? data : JSON.stringify(data)}\n\n`);
      const chunk = (index, delta, finish_reason = null) =>
        send({ ...common, object: shape.chunk, choices: [{ index, ...delta, logprobs: null, finish_reason }] });
      try {
        if (shape.opening) for (let index = 0; index < count; index++) chunk(index, shape.opening);
        const results = await choose(signal, (index, piece) => chunk(index, shape.piece(piece)));
        for (const [index, result] of results.entries()) chunk(index, shape.closing(result), result.finish_reason);
        if (withUsage) send({ ...common, object: shape.chunk, choices: [], usage: usageOf(results) });
        send("[DONE]");
      } catch (error) {
        send(errorBody(error).body);
      }
      if (!signal.aborted) controller.close();
    },
    cancel: () => gone.abort(),
  });
  return new Response(body, { headers: { "content-type": "text/event-stream", "cache-control": "no-cache" } });
}
