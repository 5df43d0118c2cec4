// What is counted of workers: requests, tokens, memory, for the page's charts and for Prometheus.
import { afterAll, beforeAll, expect, test } from "bun:test";
import { TokenCount } from "../../hive/worker/token-count.ts";
import type { Home } from "../harness.ts";
import { hiveOf, installToy, servingHome } from "../toy-worker.ts";

let home: Home;
let url: string;
let headers: Record<string, string>;

beforeAll(async () => {
  home = await servingHome();
  await installToy(home);
  const { token, url: address } = await hiveOf(home);
  url = address;
  headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
  await home.rbee(["worker", "spawn"]);
}, 30_000);
afterAll(() => home[Symbol.asyncDispose]());

const chat = (more: object) =>
  fetch(`${url}/v1/chat/completions`, {
    method: "POST",
    headers,
    body: JSON.stringify({ model: "stories260K", messages: [{ role: "user", content: "hi" }], ...more }),
  });
const usage = async () => JSON.parse((await home.rbee(["worker", "process", "get", "1", "--json"])).stdout).usage;

test("requests and tokens of a worker are counted, streamed or not, through both ways to ask", async () => {
  expect(await usage()).toMatchObject({ requests: 0, tokens: 0, active: 0, waiting: 0 });
  await (await chat({ stream: true, max_tokens: 5 })).text();
  await (await chat({})).text();
  await home.rbee(["infer", "hello", "--max-tokens", "4"]);
  const { requests, tokens, token_slices, request_slices } = await usage();
  expect([requests, tokens]).toEqual([3, 5 + 1 + 4]);
  expect([token_slices.length, request_slices.length]).toEqual([60, 60]);
});

test("/metrics is what Prometheus reads, and wants the token", async () => {
  expect((await fetch(`${url}/metrics`)).status).toBe(401);
  const response = await fetch(`${url}/metrics`, { headers });
  expect(response.headers.get("content-type")).toStartWith("text/plain; version=0.0.4");
  const text = await response.text();
  expect(text).toContain("# TYPE rbee_worker_tokens_total counter");
  expect(text).toMatch(/^rbee_worker_tokens_total\{process="1",worker="toy",model="stories260K"\} \d+$/m);
  expect(text).toMatch(/^rbee_worker_memory_bytes\{.*\} [1-9]\d+$/m);
  expect(text).toMatch(/^rbee_worker_processes\{state="idle"\} 1$/m);
  expect(text).toMatch(/^rbee_jobs\{state="succeeded",operation="worker_install"\} 1$/m);
  expect(text).toMatch(/^rbee_models 1$/m);
  expect(text).toMatch(/^rbee_disk_free_bytes\{what="data"\} [1-9]\d+$/m);
});

test("an answer's tokens are counted wherever its bytes are cut, and a text that speaks of counts fools nobody", () => {
  const event = (data: unknown) => `data: ${JSON.stringify(data)}\n\n`;
  const piece = (content: string) => event({ choices: [{ delta: { content } }] });
  const answer = piece('say "completion_tokens": 999, "choices"') + piece("b") + piece("c");
  const cases = [
    { text: `${answer}data: [DONE]\n\n`, total: 3 },
    { text: `${answer}${event({ choices: [], usage: { completion_tokens: 7 } })}data: [DONE]\n\n`, total: 7 },
    { text: `${answer}${event({ choices: [{ delta: {} }], timings: { predicted_n: 12 } })}`, total: 12 },
  ];
  for (const { text, total } of cases)
    for (const size of [1, 2, 3, 7, 64, 65, 1_000]) {
      let seen = 0;
      const totals: number[] = [];
      const count = new TokenCount("text/event-stream; charset=utf-8", {
        seen: (more) => (seen += more),
        total: (all) => totals.push(all),
      });
      const bytes = new TextEncoder().encode(text);
      for (let at = 0; at < bytes.length; at += size) count.look(bytes.subarray(at, at + size));
      count.end();
      count.end();
      expect([size, totals, seen]).toEqual([size, [total], text.split('"choices":').length - 1]);
    }
});
