// The server of the llama-node-* workers: what it takes from an OpenAI client, what it refuses by name, and the shapes it answers in.
import { describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { root } from "../harness.ts";

const rooms = join(root, "hive/catalog");
const { Refusal, readChat, readInputs, readPrompts, readSampling } = await import(join(rooms, "llama-node-cpu/openai.mjs"));
const { answerEmbeddings, answerGeneration, CHAT, errorBody, TEXT } = await import(join(rooms, "llama-node-cpu/answers.mjs"));

const hello = [{ role: "user", content: "Hi" }];
const weather = { type: "function", function: { name: "weather", parameters: { properties: { city: { type: "string" } } } } };
const asked = { role: "assistant", content: null, tool_calls: [{ id: "c1", function: { name: "weather", arguments: '{"city":"Rome"}' } }] };
const format = (schema: object) => ({ messages: hello, response_format: { type: "json_schema", json_schema: { name: "x", schema } } });

describe("what would change the answer and is not here is refused with the field's name", () => {
  const cases: [string, (body: object) => unknown, object, string][] = [
    ["log probabilities", readSampling, { logprobs: true }, "logprobs"],
    ["log probabilities of a completion", readSampling, { logprobs: 0 }, "logprobs"],
    ["an echo", readSampling, { echo: true }, "echo"],
    ["a suffix", readSampling, { suffix: "end" }, "suffix"],
    ["a temperature of 9", readSampling, { temperature: 9 }, "temperature"],
    ["a limit in words", readSampling, { max_tokens: "ten" }, "max_tokens"],
    ["half an answer", readSampling, { n: 0.5 }, "n"],
    ["an empty stop", readSampling, { stop: ["a", ""] }, "stop"],
    ["no message", readChat, { messages: [] }, "messages"],
    ["a picture", readChat, { messages: [{ role: "user", content: [{ type: "image_url" }] }] }, "messages"],
    ["a role nobody knows", readChat, { messages: [{ role: "narrator", content: "x" }] }, "messages"],
    ["a result of no call", readChat, { messages: [...hello, { role: "tool", tool_call_id: "c9", content: "x" }] }, "messages"],
    ["a call without a result", readChat, { messages: [...hello, asked] }, "messages"],
    ["a forced tool", readChat, { messages: hello, tools: [weather], tool_choice: "required" }, "tool_choice"],
    ["tools and a schema", readChat, { ...format({ type: "object" }), tools: [weather] }, "response_format"],
    ["a pattern in a schema", readChat, format({ properties: { a: { type: "string", pattern: "^a" } } }), "response_format"],
    ["a format that grammars do not have", readChat, format({ type: "string", format: "email" }), "response_format"],
    ["an object or nothing, in one type", readChat, format({ type: ["object", "null"] }), "response_format"],
    ["tokens as a prompt", readPrompts, { prompt: [1, 2] }, "prompt"],
    ["tokens to embed", readInputs, { input: [1, 2] }, "input"],
  ];
  test.each(cases)("%s", (_, read, body, param) => {
    try {
      read(body);
    } catch (error) {
      expect(error).toBeInstanceOf(Refusal);
      expect(errorBody(error)).toMatchObject({ status: 400, body: { error: { type: "invalid_request_error", param } } });
      return;
    }
    throw new Error("nothing was refused");
  });
});

test("what asks for nothing is taken", () => {
  const idle = {
    logprobs: false,
    top_logprobs: 0,
    best_of: 1,
    echo: false,
    suffix: "",
    logit_bias: null,
    seed: -1,
    stop: null,
    user: "me",
  };
  expect(readSampling(idle)).toMatchObject({ n: 1, temperature: 0.8, seed: 2 ** 32 - 1 });
});

test("a tool's result and what follows belong to the answer that called it", () => {
  const result = { role: "tool", tool_call_id: "c1", content: '{"sky":"blue"}' };
  const { history, functions } = readChat({
    messages: [...hello, asked, result, { role: "assistant", content: "Blue." }],
    tools: [weather],
  });
  expect(history).toEqual([
    { type: "user", text: "Hi" },
    {
      type: "model",
      response: [{ type: "functionCall", name: "weather", params: { city: "Rome" }, result: { sky: "blue" } }, "Blue."],
    },
  ]);
  expect(functions).toEqual({ weather: { params: { type: "object", properties: { city: { type: "string" } } } } });
});

test("a strict schema of the openai client becomes one that grammars obey", () => {
  const schema = {
    $schema: "x",
    title: "A",
    properties: { a: { anyOf: [{ type: "integer" }, { type: "null" }] } },
    additionalProperties: false,
  };
  expect(readChat(format(schema)).schema).toEqual({
    type: "object",
    properties: { a: { oneOf: [{ type: "integer" }, { type: "null" }] } },
    additionalProperties: false,
  });
});

/** Stands for the model: says two pieces, and calls a tool when it is asked to. */
function parrot(calls: object[] = []) {
  const usage = { prompt: 3, completion: 2, cached: 1 };
  const run = async ({ onPiece }: { onPiece?: (piece: object) => void }) => {
    for (const text of ["Po", "lly"]) onPiece?.({ text });
    return { text: "Polly", thoughts: "", calls, finish_reason: calls.length ? "tool_calls" : "stop", usage };
  };
  const tasks = async () => [{ promptTokens: 3, run }];
  return { chatTasks: tasks, textTasks: tasks, embed: async () => [{ vector: [1, 0.5], tokens: 4 }] };
}

function answer(body: object, shape: object, calls?: object[]): Promise<Response> {
  return answerGeneration(parrot(calls), "m", new Request("http://parrot"), body, shape);
}

test("a whole answer has every choice and counts its prompt once", async () => {
  const said = await (await answer({ n: 2 }, TEXT)).json();
  expect(said).toMatchObject({
    object: "text_completion",
    model: "m",
    choices: [
      { index: 0, text: "Polly", finish_reason: "stop" },
      { index: 1, text: "Polly", finish_reason: "stop" },
    ],
    usage: { prompt_tokens: 3, completion_tokens: 4, total_tokens: 7, prompt_tokens_details: { cached_tokens: 2 } },
  });
});

test("a stream opens with the role, closes with its tool calls and the reason, and ends with the usage that was asked for", async () => {
  const call = { id: "c1", type: "function", function: { name: "weather", arguments: "{}" } };
  const events = (await (await answer({ stream: true, stream_options: { include_usage: true } }, CHAT, [call])).text())
    .trim()
    .split("\n\n");
  expect(events.at(-1)).toBe("data: [DONE]");
  const chunks = events.slice(0, -1).map((event) => JSON.parse(event.slice("data: ".length)));
  const deltas = chunks.flatMap(({ choices }) => choices.map((choice: { delta: object }) => choice.delta));
  expect(deltas).toEqual([
    { role: "assistant", content: "" },
    { content: "Po" },
    { content: "lly" },
    { tool_calls: [{ index: 0, ...call }] },
  ]);
  expect(chunks.at(-2).choices[0].finish_reason).toBe("tool_calls");
  expect(chunks.at(-1)).toMatchObject({ choices: [], usage: { total_tokens: 5 } });
});

test("vectors come as base64 when the client asks for it, as its default is", async () => {
  const { data, usage } = await (await answerEmbeddings(parrot(), "m", { input: "a", encoding_format: "base64" })).json();
  expect([...new Float32Array(Uint8Array.from(Buffer.from(data[0].embedding, "base64")).buffer)]).toEqual([1, 0.5]);
  expect(usage).toEqual({ prompt_tokens: 4, total_tokens: 4 });
});

test("all llama-node workers run the same server", async () => {
  for (const id of ["cuda", "metal", "vulkan"])
    for (const name of ["server", "engine", "answers", "openai"]) {
      const [ours, theirs] = ["cpu", id].map((kind) => join(rooms, `llama-node-${kind}/${name}.mjs`));
      expect(existsSync(theirs!)).toBe(true);
      expect(await Bun.file(theirs!).text()).toBe(await Bun.file(ours!).text());
    }
});
