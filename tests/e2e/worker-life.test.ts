// Workers that stay up: one load for many, started again after a crash, unloaded and loaded again, memory, the least busy one.
import { expect, test } from "bun:test";
import { copyFileSync } from "node:fs";
import { join } from "node:path";
import { tinyModel, until } from "../harness.ts";
import { hiveOf, installToy, processesOf, servingHome, statsOf } from "../toy-worker.ts";

const ask = async ({ url, token }: { url: string; token: string }, body: object = {}) =>
  fetch(`${url}/v1/chat/completions`, {
    method: "POST",
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    body: JSON.stringify({ model: "stories260K", messages: [], ...body }),
  });

async function hiveWithToy(options: Parameters<typeof installToy>[1] = {}, env: Record<string, string> = {}) {
  const home = await servingHome(env);
  await installToy(home, options);
  return { home, hive: await hiveOf(home) };
}

test("a hundred first requests at once load the model once", async () => {
  const { home, hive } = await hiveWithToy({ args: ["--ready-after-ms", "300"] });
  await using _ = home;
  const answers = await Promise.all(Array.from({ length: 100 }, () => ask(hive)));
  expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 100 }, () => 200));
  expect((await processesOf(home)).length).toBe(1);
});

test("a worker that crashes is started again, with the same id; requests wait for it", async () => {
  const { home, hive } = await hiveWithToy();
  await using _ = home;
  await home.rbee(["worker", "spawn"]);
  const [first] = await processesOf(home);
  await fetch(`${first!.url}/crash`).catch(() => {});
  await until("the crash was noticed", async () => (await processesOf(home))[0]?.state !== "ready");
  expect((await ask(hive)).status).toBe(200);
  const [again] = await processesOf(home);
  expect(again).toMatchObject({ id: first!.id, restarts: 1 });
  expect(again!.pid).not.toBe(first!.pid);
});

test("requests whose turn had not come when the worker crashed are answered by the one that takes its place", async () => {
  const { home, hive } = await hiveWithToy({ entry: { supports_batching: false } });
  await using _ = home;
  await home.rbee(["worker", "spawn"]);
  const [first] = await processesOf(home);
  const killed = ask(hive, { pause_ms: 60_000 });
  await until("it is asked", async () => (await statsOf(first!.url)).active === 1);
  const waiting = Array.from({ length: 3 }, () => ask(hive));
  await until("three wait", async () => (await processesOf(home))[0]?.usage?.waiting === 3);
  await fetch(`${first!.url}/crash`).catch(() => {});
  expect((await Promise.all([killed, ...waiting])).map(({ status }) => status)).toEqual([502, 200, 200, 200]);
});

test("an idle worker is unloaded and the next request loads it again", async () => {
  const { home, hive } = await hiveWithToy();
  await using _ = home;
  await home.rbee(["worker", "spawn", "--keep-alive", "200ms"]);
  const [first] = await processesOf(home);
  await until("it was unloaded", async () => (await processesOf(home))[0]?.state === "unloaded");
  expect((await processesOf(home))[0]?.exit).toContain("nobody asked");
  await expect(fetch(`${first!.url}/stats`)).rejects.toThrow();
  expect((await ask(hive)).status).toBe(200);
  const processes = await processesOf(home);
  expect(processes.map(({ id }) => id)).toEqual([first!.id]);
});

test("requests in flight keep a worker from being unloaded", async () => {
  const { home, hive } = await hiveWithToy();
  await using _ = home;
  await home.rbee(["worker", "spawn", "--keep-alive", "100ms"]);
  const answer = await ask(hive, { pause_ms: 600 });
  expect(answer.status).toBe(200);
});

test("a start that fails shows the end of the log; one that never gets ready runs into its limit; no process is left", async () => {
  const { home } = await hiveWithToy({ args: ["--broken"] });
  await using _ = home;
  const broken = await home.rbee(["worker", "spawn"]);
  expect(broken).toMatchObject({ code: 1, stderr: expect.stringContaining("the model cannot be loaded") });
  await installToy(home, { id: "slow", args: ["--ready-after-ms", "60000"] });
  const slow = await home.rbee(["worker", "spawn", "--worker", "slow", "--timeout", "300ms"]);
  expect(slow.code).toBe(124);
  expect((await processesOf(home)).map(({ state }) => state)).toEqual(["crashed", "crashed"]);
});

test("of several workers the least busy answers", async () => {
  const { home, hive } = await hiveWithToy();
  await using _ = home;
  await Promise.all([home.rbee(["worker", "spawn"]), home.rbee(["worker", "spawn"])]);
  const workers = (await processesOf(home)).map(({ url }) => url);
  await Promise.all(Array.from({ length: 8 }, () => ask(hive, { pause_ms: 300 })));
  const most = await Promise.all(workers.map(async (url) => (await statsOf(url)).mostActive));
  expect(most).toEqual([4, 4]);
});

test("a worker that does not batch gets one request after the other", async () => {
  const { home, hive } = await hiveWithToy({ entry: { supports_batching: false } });
  await using _ = home;
  await home.rbee(["worker", "spawn"]);
  const [worker] = await processesOf(home);
  const answers = await Promise.all(Array.from({ length: 20 }, () => ask(hive, { pause_ms: 5 })));
  expect(answers.every(({ status }) => status === 200)).toBe(true);
  expect((await statsOf(worker?.url ?? "")).mostActive).toBe(1);
});

test("three hundred answers are under way at once: Bun's own limit of 256 is lifted", async () => {
  await using home = await servingHome();
  await installToy(home, { run: { parallel: 1_000 } });
  await home.rbee(["worker", "spawn"]);
  const { url, token } = await hiveOf(home);
  const worker = (await processesOf(home))[0]!.url;
  const { hostname, port } = new URL(url);
  const body = JSON.stringify({ messages: [], stream: true, max_tokens: 1_000_000, pause_ms: 100 });
  const head = `POST /v1/chat/completions HTTP/1.1\r\nhost: ${hostname}:${port}\r\nauthorization: Bearer ${token}\r\n`;
  const request = `${head}content-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`;
  // Our own fetch has the same limit: these are bare connections.
  const socket = { open: (client: Bun.Socket) => void client.write(request), data: () => {} };
  const clients = await Promise.all(Array.from({ length: 300 }, () => Bun.connect({ hostname, port: Number(port), socket })));
  await until("all are at the worker", async () => (await statsOf(worker)).active === 300);
  for (const client of clients) client.end();
  await until("the worker was told of every end", async () => (await statsOf(worker)).active === 0);
});

test("when memory is short the worker that nobody asked longest makes way; by setting it is refused instead", async () => {
  for (const policy of ["evict", "refuse"]) {
    const { home, hive } = await hiveWithToy({}, { RBEE_WORKER_MEMORY: "200M", RBEE_LOW_MEMORY: policy });
    await using _ = home;
    copyFileSync(tinyModel, join(home.path, "second.gguf"));
    await home.rbee(["model", "download", join(home.path, "second.gguf")]);
    expect((await ask(hive)).status).toBe(200);
    const second = await ask(hive, { model: "second" });
    const states = (await processesOf(home)).map(({ model, state }) => [model, state]);
    if (policy === "evict")
      expect([second.status, states]).toEqual([
        200,
        [
          ["stories260K", "unloaded"],
          ["second", "idle"],
        ],
      ]);
    else expect([second.status, ((await second.json()) as { error: { code: string } }).error.code]).toEqual([507, "MEMORY_SHORT"]);
  }
});

test("a worker that still loads is not removed; --force ends the start first, and who waited for it is told", async () => {
  const { home } = await hiveWithToy({ args: ["--ready-after-ms", "60000"] });
  await using _ = home;
  const spawning = home.rbee(["worker", "spawn"]);
  await until("it loads", async () => (await processesOf(home)).some(({ state, pid }) => state === "starting" && pid > 0));
  expect(await home.rbee(["worker", "remove", "toy"])).toMatchObject({ code: 4, stderr: expect.stringContaining("WORKER_RUNNING") });
  expect((await home.rbee(["worker", "remove", "toy", "--force"])).code).toBe(0);
  expect(await spawning).toMatchObject({ code: 1, stderr: expect.stringContaining("toy did not become ready: it was stopped") });
  expect((await processesOf(home)).map(({ state }) => state)).toEqual(["stopped"]);
});

test("a device that cannot be is refused before anything is started", async () => {
  const { home } = await hiveWithToy();
  await using _ = home;
  const typo = await home.rbee(["worker", "spawn", "--device", "cdua:0"]);
  expect(typo).toMatchObject({ code: 2, stderr: expect.stringContaining("must be cpu, cuda, rocm, vulkan or metal") });
  const foreign = await home.rbee(["worker", "spawn", "--worker", "toy", "--device", "cuda:0"]);
  expect(foreign).toMatchObject({ code: 4, stderr: expect.stringContaining("toy computes on cpu, not on cuda:0") });
  expect((await home.rbee(["worker", "spawn", "--device", "cpu"])).code).toBe(0);
});
