// Turns at a worker: how many at once, who is next, who is sent away.
import { expect, test } from "bun:test";
import { openAiError } from "../../hive/routes/openai.ts";
import { WorkerQueue } from "../../hive/worker/queue.ts";
import { fail } from "../../lib/errors.ts";

const never = new AbortController().signal;
const turn = (client: string, isBatch = false, signal = never) => ({ client, isBatch, signal });

/** Lets `names` wait behind one that runs, then gives turns one after the other; returns the order. */
async function orderOf(names: readonly [client: string, isBatch?: boolean][]): Promise<string[]> {
  const queue = new WorkerQueue(1);
  await queue.enter(turn("first"));
  const order: string[] = [];
  const waiting = names.map(([client, isBatch]) => queue.enter(turn(client, isBatch)).then(() => void order.push(client)));
  for (const _ of names) {
    const before = order.length;
    queue.leave();
    while (order.length === before) await Promise.resolve();
  }
  await Promise.all(waiting);
  return order;
}

test("clients take turns, however many requests one of them has", async () => {
  expect(await orderOf([["a"], ["a"], ["a"], ["b"], ["b"], ["c"]])).toEqual(["a", "b", "a", "b", "a", "c"]);
});

test("interactive requests go before batch ones, and batch ones are not stuck", async () => {
  expect(await orderOf([["batch", true], ["a"], ["b"]])).toEqual(["a", "b", "batch"]);
  const order = await orderOf([["batch", true], ...Array.from({ length: 20 }, (_, index): [string] => [index % 2 ? "a" : "b"])]);
  expect(order.indexOf("batch")).toBeLessThan(9);
});

test("as many run side by side as the worker takes; who waits too long a queue is sent away", async () => {
  const queue = new WorkerQueue(3);
  await Promise.all([1, 2, 3].map(() => queue.enter(turn("a"))));
  const waiting = Array.from({ length: 256 }, () => queue.enter(turn("a")));
  expect(queue.load).toBe(259);
  await expect(queue.enter(turn("b"))).rejects.toMatchObject({ code: "WORKER_BUSY", status: 503 });
  for (let given = 0; given < 256; given++) queue.leave();
  await Promise.all(waiting);
  expect(queue.load).toBe(3);
});

test("who goes away while waiting leaves no gap", async () => {
  const queue = new WorkerQueue(1);
  await queue.enter(turn("a"));
  const gone = new AbortController();
  const waiting = queue.enter(turn("b", false, gone.signal));
  gone.abort(new Error("gone"));
  await expect(waiting).rejects.toThrow("gone");
  expect(queue.load).toBe(1);
  queue.leave();
  expect(queue.load).toBe(0);
});

test("who is sent away is told when to come again, in the shape that OpenAI's clients know", async () => {
  const answer = openAiError(fail("WORKER_BUSY", { limit: 256 }));
  expect([answer.status, answer.headers.get("retry-after")]).toEqual([503, "1"]);
  expect(await answer.json()).toMatchObject({ error: { code: "WORKER_BUSY", type: "server_error", message: expect.any(String) } });
});
