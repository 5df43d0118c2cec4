// The supervisor with real processes and no hive around it: ports that are stolen, answers of strangers, crashes, starts that never get ready.
import { afterEach, beforeEach, expect, test } from "bun:test";
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { Supervisor } from "../../hive/supervisor.ts";
import { Crashes, RESTARTS } from "../../hive/worker/crashes.ts";
import { newRecord, type SpawnWish } from "../../hive/worker/record.ts";
import { Entry } from "../../lib/contract/entry.ts";
import type { InstalledWorker } from "../../lib/contract/views.ts";
import { isAlive, listProcesses } from "../../lib/process/table.ts";
import { root, temporaryDirectory, until } from "../harness.ts";
import { makeEntry } from "../recipes.ts";

const program = join(root, "tests/fixtures/programs/openai-worker.ts");
const never = new AbortController().signal;
let directory: ReturnType<typeof temporaryDirectory>;
let supervisor: Supervisor;
/** Far apart, so that test files running beside this one do not meet. */
const ports = { from: 21_000 + (process.pid % 400) * 20, to: 21_000 + (process.pid % 400) * 20 + 19 };

function open(restarts = { ...RESTARTS, firstPauseMs: 5, longestPauseMs: 20 }): Supervisor {
  return new Supervisor({ directory: join(directory.path, "processes"), ports, env: process.env, rbeeBinary: process.execPath, restarts });
}

beforeEach(() => {
  directory = temporaryDirectory();
  supervisor = open();
});
afterEach(async () => {
  await supervisor.stopAll();
  directory[Symbol.dispose]();
});

/** A worker that is a shell script around the toy; `before` runs first and knows the port as $PORT. */
function toy(args: readonly string[] = [], before = ""): InstalledWorker {
  const binary = join(directory.path, "bin/toy");
  mkdirSync(join(directory.path, "bin"), { recursive: true });
  writeFileSync(binary, `#!/bin/sh\nPORT=$2\n${before}\nexec ${process.execPath} ${program} "$@"\n`);
  chmodSync(binary, 0o755);
  const entry = Entry.parse({ ...makeEntry("toy"), run: { args: ["--port", "{port}", ...args], api: "openai" } });
  const place = { tree: directory.path, prefix: "", origin: "", digest: "", size_bytes: 0, files: 0, installed_at: 0 };
  return { id: "toy", name: "toy", version: "1", worker_type: "cpu", active: true, pinned: false, binary, entry, ...place };
}

const wish = (worker: InstalledWorker, more: Partial<SpawnWish> = {}): SpawnWish => ({ worker, args: [], signal: never, ...more });
const leftOvers = () => listProcesses().filter(({ pid }) => environmentHas(pid, directory.path));
function environmentHas(pid: number, text: string): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "latin1").includes(text);
  } catch {
    return false;
  }
}

test("ready means that the model answers: a health route that says yes is not enough, and the end of the log is in the error", async () => {
  const start = supervisor.spawn(wish(toy(["--silent"]), { limitMs: 1_500 }));
  expect(await start.catch((error: unknown) => error)).toMatchObject({
    code: "START_TIMED_OUT",
    message: "toy was not ready after 1.5 s",
    data: { tail: expect.arrayContaining(["loading, and never done"]), process: "1" },
  });
  expect(supervisor.get("1").state).toBe("crashed");
  expect(leftOvers()).toEqual([]);
});

test("a worker that refuses the first question is not ready, and says with which words it refused", async () => {
  const start = supervisor.spawn(wish(toy(["--refusing"])));
  expect(await start.catch((error: unknown) => error)).toMatchObject({
    code: "SPAWN_FAILED",
    message: expect.stringContaining("asked for one token it answers 500"),
  });
  expect(supervisor.get("1").state).toBe("crashed");
});

test("a job's own time-out has the end of the log as well", async () => {
  const { fail } = await import("../../lib/errors.ts");
  const job = new AbortController();
  const start = supervisor.spawn(wish(toy(["--silent"]), { limitMs: 0, signal: job.signal }));
  start.catch(() => {});
  await until("it says that it loads", () => logOf(supervisor.running()[0]?.log).includes("never done"));
  job.abort(fail("TIMED_OUT", { what: "worker spawn", limit: "1 s" }));
  expect(await start.catch((error: unknown) => error)).toMatchObject({ code: "START_TIMED_OUT", data: { process: "1" } });
});

test("a port that somebody takes between our look and the worker's start: the start is tried on another", async () => {
  // The first start finds its port taken, as if somebody had come in between.
  const thief = createServer((socket) => socket.destroy());
  const go = join(directory.path, "go");
  const worker = toy([], `[ -e ${go} ] || { echo $PORT >${directory.path}/stolen; until [ -e ${go} ]; do sleep 0.05; done; }`);
  const start = supervisor.spawn(wish(worker));
  const stolen = await stolenPort();
  await new Promise<void>((resolve) => thief.listen(stolen, "127.0.0.1", resolve));
  writeFileSync(go, "");
  const process = await start;
  expect(process.port).not.toBe(stolen);
  expect(supervisor.list().map(({ id, state }) => [id, state])).toEqual([["1", "ready"]]);
  thief.close();
});

test("a port that was stolen is left alone by the next try, though it is free again", async () => {
  const stolen = join(directory.path, "stolen");
  const worker = toy([], `[ -e ${stolen} ] || { echo $PORT >${stolen}; echo "couldn't bind to server socket" >&2; exit 1; }`);
  const process = await supervisor.spawn(wish(worker));
  expect(process.port).not.toBe(Number(readFileSync(stolen, "utf8")));
});

test("a worker that is stopped while it starts stays stopped, although somebody has its port by then", async () => {
  const worker = toy([], `echo $PORT >${directory.path}/stolen; exec sleep 600`);
  const start = supervisor.spawn(wish(worker));
  const answer = start.catch((error: unknown) => error);
  const thief = createServer();
  const port = await stolenPort();
  await new Promise<void>((resolve) => thief.listen(port, "127.0.0.1", resolve));
  await supervisor.stop("1");
  expect(await answer).toMatchObject({ code: "SPAWN_FAILED", message: expect.stringContaining("it was stopped") });
  expect(supervisor.list().map(({ id, state }) => [id, state])).toEqual([["1", "stopped"]]);
  thief.close();
});

test("what a stranger answers on the worker's port does not count; a port that was asked for by number is refused with who has it", async () => {
  // This worker never listens; a stranger answers its health route with yes.
  const worker = toy([], `echo $PORT >${directory.path}/stolen; exec sleep 600`);
  const wanted = ports.to;
  const start = supervisor.spawn(wish(worker, { port: wanted }));
  start.catch(() => {});
  await stolenPort();
  await using _ = Bun.serve({ port: wanted, hostname: "127.0.0.1", fetch: () => new Response("ok") });
  expect(await start.catch((error: unknown) => error)).toMatchObject({
    code: "PORT_IN_USE",
    message: expect.stringContaining(`(pid ${process.pid})`),
  });
  expect(leftOvers()).toEqual([]);
});

test("a worker that crashes again and again is started five times and then has crashed, with the reason", async () => {
  const { id } = await supervisor.spawn(wish(toy()));
  for (let crash = 0; crash <= RESTARTS.most; crash++) {
    await until(`start ${crash} is ready`, () => supervisor.get(id).state === "ready" && (supervisor.get(id).restarts ?? 0) === crash);
    await fetch(`${supervisor.get(id).url}/crash`).catch(() => {});
  }
  await until("it is given up", () => supervisor.get(id).state === "crashed");
  expect(supervisor.get(id)).toMatchObject({
    restarts: RESTARTS.most,
    exit: "exit code 3; it had been started again 5 times in 10 minutes",
  });
  expect(leftOvers()).toEqual([]);
  await expect(supervisor.whenReady(id, { signal: never })).rejects.toMatchObject({ code: "SPAWN_FAILED" });
}, 30_000);

test("pauses between starts double up to a minute, and crashes of long ago do not count", () => {
  const crashes = new Crashes({ ...RESTARTS, most: 8 });
  const pauses = Array.from({ length: 8 }, (_, index) => crashes.count(index));
  expect(pauses).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000]);
  expect(crashes.count(8)).toBeUndefined();
  expect(crashes.count(8 + RESTARTS.withinMs)).toBe(1_000);
});

test("a worker whose restarts run into trouble can be stopped at any moment", async () => {
  supervisor = open({ ...RESTARTS, firstPauseMs: 60_000 });
  const { id, pid } = await supervisor.spawn(wish(toy()));
  process.kill(pid, "SIGKILL");
  await until("it waits for its next start", () => supervisor.get(id).state === "restarting");
  expect((await supervisor.stop(id)).state).toBe("stopped");
});

test("a device restricts what the worker sees of the machine's", async () => {
  const seen = async (device?: string) => {
    const { id, pid } = await supervisor.spawn(wish(toy(), { device }));
    const environment = readFileSync(`/proc/${pid}/environ`, "latin1").split("\0");
    await supervisor.stop(id);
    return environment.filter((line) => /^(CUDA|HIP|GGML_VK)_VISIBLE_DEVICES=/.test(line)).sort();
  };
  if (process.platform !== "linux") return;
  expect(await seen("cuda:1")).toEqual(["CUDA_VISIBLE_DEVICES=1"]);
  expect(await seen("vulkan:0,2")).toEqual(["GGML_VK_VISIBLE_DEVICES=0,2"]);
  expect(await seen("cpu")).toEqual(["CUDA_VISIBLE_DEVICES=", "GGML_VK_VISIBLE_DEVICES=", "HIP_VISIBLE_DEVICES="]);
});

test("a start that was cancelled leaves no process, whatever it had got to", async () => {
  for (const args of [["--ready-after-ms", "60000"], ["--silent"]]) {
    const cancel = new AbortController();
    const start = supervisor.spawn(wish(toy(args), { signal: cancel.signal }));
    start.catch(() => {});
    await until("it runs", () => (supervisor.running()[0]?.pid ?? 0) > 0);
    const { pid, start_time } = supervisor.running()[0]!;
    cancel.abort(new Error("enough"));
    await expect(start).rejects.toThrow("enough");
    expect(isAlive({ pid, startTime: start_time })).toBe(false);
  }
});

test("words after -- reach the worker as they are", async () => {
  const broken = supervisor.spawn(wish(toy(), { args: ["--broken"] }));
  expect(await broken.catch((error: unknown) => error)).toMatchObject({
    message: "toy did not become ready: exit code 7",
    data: { tail: ["the model cannot be loaded"] },
  });
});

test("a larger model has longer to get ready, and an engine as long as its entry says", () => {
  const limitOf = (gigabytes: number, run: object = {}) => {
    const kept = "copied" as const;
    const model = { id: "m", path: "/m", size_bytes: gigabytes * 1e9, format: "gguf", added_at: 0, source: "", kept, files: [] };
    const worker = toy();
    Object.assign(worker.entry.run!, run);
    return newRecord(wish(worker, { model }), { id: "1", port: 1, nonce: "", token: "", log: "" }).launch.limitMs;
  };
  expect([limitOf(0), limitOf(5), limitOf(50)]).toEqual([60_000, 160_000, 1_060_000]);
  expect(limitOf(5, { start_s: 600 })).toBe(700_000);
});

function logOf(path: string | undefined): string {
  return path && existsSync(path) ? readFileSync(path, "utf8") : "";
}

async function stolenPort(): Promise<number> {
  const path = join(directory.path, "stolen");
  await until("the worker has been started", async () => (await Bun.file(path).exists()) && readFileSync(path, "utf8").endsWith("\n"));
  return Number(readFileSync(path, "utf8"));
}
