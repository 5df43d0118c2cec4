// What clients of OpenAI's protocol get through the hive, with the real client and with curl.
import { afterAll, beforeAll, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import OpenAI from "openai";
import { type Home, until } from "../harness.ts";
import { hiveOf, installToy, processesOf, servingHome, statsOf } from "../toy-worker.ts";

let home: Home;
let url: string;
let token: string;
let worker: string;
let client: OpenAI;
const model = "stories260K";

beforeAll(async () => {
  home = await servingHome();
  await installToy(home);
  ({ url, token } = await hiveOf(home));
  client = new OpenAI({ baseURL: `${url}/v1`, apiKey: token, maxRetries: 0 });
  await home.rbee(["worker", "spawn"]);
  worker = (await processesOf(home))[0]?.url ?? "";
}, 30_000);
afterAll(() => home[Symbol.asyncDispose]());

const say = (content: string) => [{ role: "user" as const, content }];

test("the openai client chats, streams, gets several choices, tools and embeddings, and lists models", async () => {
  const answer = await client.chat.completions.create({
    model,
    messages: say("hi"),
    n: 3,
    tools: [{ type: "function", function: { name: "look", parameters: {} } }],
  });
  expect(answer.choices.length).toBe(3);
  expect(answer.choices[0]?.message.tool_calls?.[0]).toMatchObject({ function: { name: "look", arguments: '{"at":"sky"}' } });
  expect((answer as unknown as { unknown_field: unknown }).unknown_field).toEqual({ kept: true });
  const pieces: string[] = [];
  for await (const chunk of await client.chat.completions.create({ model, messages: say("hi"), stream: true, max_tokens: 5 }))
    pieces.push(chunk.choices[0]?.delta.content ?? "");
  expect(pieces.join("")).toBe("token ".repeat(5));
  const { data } = await client.embeddings.create({ model, input: "hi", encoding_format: "float" });
  expect(data[0]?.embedding).toEqual([0.5, -1]);
  const models = await client.models.list();
  expect(models.data.map(({ id }) => id)).toEqual([model]);
  expect((await client.models.retrieve(model)).id).toBe(model);
});

test("errors arrive in the shape that the client knows", async () => {
  const wrong = await client.chat.completions.create({ model: "absent", messages: say("hi") }).catch((error: unknown) => error);
  expect(wrong).toMatchObject({ status: 404, code: "MODEL_NOT_FOUND", type: "invalid_request_error" });
  const stranger = new OpenAI({ baseURL: `${url}/v1`, apiKey: "wrong", maxRetries: 0 });
  expect(await stranger.models.list().catch((error: unknown) => error)).toMatchObject({ status: 401 });
});

test("a body reaches the worker byte by byte: odd spacing, unknown fields, 100 MB of image", async () => {
  const image = "A".repeat(100_000_000);
  const bodies = [
    `{ "x" : {"model":"no"} ,\n "unknown": [1e3, null, "\\u00e9\\""],  "model" : "${model}", "messages":[] }`,
    `{"messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:image/png;base64,${image}"}}]}],"model":"${model}"}`,
  ];
  for (const body of bodies) {
    const response = await fetch(`${url}/v1/chat/completions`, {
      method: "POST",
      body,
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    });
    expect([response.status, (await response.text()).slice(0, 300)]).toEqual([200, expect.stringContaining("messages")]);
    expect((await statsOf(worker)).bodies.at(-1)).toBe(createHash("sha256").update(body).digest("hex"));
  }
}, 30_000);

test("curl streams", async () => {
  const file = join(home.path, "body.json");
  writeFileSync(file, JSON.stringify({ messages: say("hi"), stream: true, max_tokens: 2 }));
  const curl = [
    "curl",
    "-sN",
    "-H",
    `Authorization: Bearer ${token}`,
    "-H",
    "Content-Type: application/json",
    "-d",
    `@${file}`,
    `${url}/v1/chat/completions`,
  ];
  const said = Bun.spawnSync(curl).stdout.toString();
  expect(said.match(/token /g)?.length).toBe(2);
  expect(said.endsWith("data: [DONE]\n\n")).toBe(true);
});

test("a client that hangs up, and Ctrl+C on infer, end the generation at the worker", async () => {
  const before = (await statsOf(worker)).aborted;
  const hangUp = new AbortController();
  const stream = await client.chat.completions.create(
    { model, messages: say("hi"), stream: true, max_tokens: 100_000, pause_ms: 5 } as OpenAI.ChatCompletionCreateParamsStreaming,
    { signal: hangUp.signal },
  );
  for await (const _ of stream) break;
  hangUp.abort();
  await until("the worker was told", async () => (await statsOf(worker)).aborted === before + 1);
  const infer = home.start(["infer", "--max-tokens", "100000000", "hi"]);
  await until("the worker has it", async () => (await statsOf(worker)).active === 1);
  infer.kill("SIGINT");
  expect(await infer.exited).toBe(130);
  await until("the worker was told again", async () => (await statsOf(worker)).active === 0);
});

test("infer streams to stdout, tells its statistics on stderr, reads stdin", async () => {
  const asked = await home.rbee(["infer", "--max-tokens", "4", "--temperature", "0", "--system", "be brief", "-"], { stdin: "from stdin" });
  expect(asked.stdout).toBe(`${"token ".repeat(4)}\n`);
  expect(asked.stderr).toContain("stories260K: ");
});

test("the fields that infer sends are those that were asked for", async () => {
  const sent = Promise.withResolvers<unknown>();
  await using echo = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    async fetch(request) {
      sent.resolve(await request.json());
      return new Response("data: [DONE]\n\n");
    },
  });
  const { infer } = await import("../../hive/operations/infer.ts");
  const hive = {
    supervisor: {
      list: () => [{ id: "1", state: "ready", worker_id: "w", model: "m" }],
      get: () => ({ id: "1", state: "ready", worker_id: "w", model: "m" }),
      loadOf: () => 0,
      enter: async () => () => {},
      access: () => ({ url: `http://127.0.0.1:${echo.port}`, token: "t", api: "openai", modelName: undefined }),
      counterOf: () => ({ seen() {}, total() {} }),
    },
    models: { touch: async () => {}, get: async () => ({ id: "m" }) },
  };
  const job = { id: "1", signal: new AbortController().signal, text: () => {}, note: () => {} };
  await infer(hive as never, job as never, { prompt: "p", system: "s", temperature: 0.5, max_tokens: 9 });
  expect(await sent.promise).toMatchObject({
    model: "m",
    temperature: 0.5,
    max_tokens: 9,
    messages: [
      { role: "system", content: "s" },
      { role: "user", content: "p" },
    ],
  });
});

test("an audio upload goes to the worker that transcribes, as the client sent it", async () => {
  await installToy(home, { id: "ears", run: { api: "openai-audio" } });
  await home.rbee(["worker", "spawn", "--worker", "ears"]);
  const file = new File([new Uint8Array(2000)], "a.wav");
  const { text } = await client.audio.transcriptions.create({ file, model: "whisper-1", language: "en" });
  expect(text.split(" ").sort()).toEqual(["file", "language", "model"]);
  const pictures = await client.images.generate({ prompt: "a bee" }).catch((error: unknown) => error);
  expect(pictures).toMatchObject({ status: 422, code: "NOTHING_FITS" });
});
