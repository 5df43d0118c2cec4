// Workers as processes: started, proven ready, asked, stopped, adopted.
import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { isAlive } from "../../lib/process/table.ts";
import { type Home, makeHome, root, tinyModel, until } from "../harness.ts";
import { writeRecipe } from "../recipes.ts";

const program = readFileSync(join(root, "tests/fixtures/programs/echo-worker.mjs"), "utf8");

/** A home with the echo worker and the tiny model in it. */
async function withEcho(flags: string[] = []): Promise<Home> {
  const home = makeHome();
  const catalog = join(home.path, "catalog");
  const sum = new Bun.CryptoHasher("sha256").update(program).digest("hex");
  writeRecipe(catalog, "echo", {
    files: { "echo-worker.mjs": program },
    more: `source=('echo-worker.mjs')\nsha256sums=('${sum}')`,
    package: `install -Dm644 echo-worker.mjs "$pkgdir/usr/lib/echo/worker.mjs"
  install -d "$pkgdir/usr/bin"
  printf '%s\\n' '#!/bin/sh' 'exec env BUN_BE_BUN=1 "$RBEE_BIN" "$(dirname "$(readlink -f "$0")")/../lib/echo/worker.mjs" "$@"' > "$pkgdir/usr/bin/echo"
  chmod 755 "$pkgdir/usr/bin/echo"`,
    entry: { run: { args: ["--host", "{host}", "--port", "{port}", "--model", "{model}", ...flags], env: { ECHO_KEY: "{token}" } } },
  });
  const installed = await home.rbee(["worker", "download", "echo", "--yes"], { env: { RBEE_CATALOG: catalog } });
  expect(installed.stderr).toContain("Worker installed");
  await home.rbee(["model", "download", tinyModel]);
  return home;
}

interface Process {
  readonly id: string;
  readonly state: string;
  readonly pid: number;
  readonly start_time: string;
  readonly url: string;
}

async function processes(home: Home): Promise<Process[]> {
  const ran = await home.rbee(["ps", "--json"]);
  expect(ran).toMatchObject({ code: 0, stderr: "" });
  return (JSON.parse(ran.stdout) as { processes: Process[] }).processes;
}

const identity = ({ pid, start_time }: Process) => ({ pid, startTime: start_time });

test("without arguments what is installed and fits is started, and it says what it picked", async () => {
  await using home = await withEcho();
  const ran = await home.rbee(["worker", "spawn"]);
  expect(ran.code).toBe(0);
  expect(ran.stdout).toMatch(/^http:\/\/127\.0\.0\.1:7[89]\d\d\n$/);
  expect(ran.stderr).toContain("Worker: echo");
  expect(ran.stderr).toContain("Model: stories260K");
  expect(ran.stderr).toMatch(/Worker spawned successfully \(PID: \d+\)/);
  const [process] = await processes(home);
  expect(process).toMatchObject({ state: "ready", id: "1" });
  const logs = await home.rbee(["worker", "process", "logs", "1"]);
  expect(logs.stdout).toContain("echo worker with ");
  expect((await home.rbee(["worker", "process", "get", "1"])).stdout).toContain("stories260K");
});

test("the hive's OpenAI route passes a request on with every field, and demands its own key, not the worker's", async () => {
  await using home = await withEcho();
  await home.rbee(["hive", "start", "--port", "0"]);
  await home.rbee(["worker", "spawn"]);
  const { url } = JSON.parse((await home.rbee(["hive", "status", "--json"])).stdout) as { url: string };
  const token = (await home.rbee(["hive", "token"])).stdout.trim();
  const ask = (body: unknown, key = token) =>
    fetch(`${url}/v1/chat/completions`, {
      method: "POST",
      body: JSON.stringify(body),
      headers: { "content-type": "application/json", authorization: `Bearer ${key}` },
    });
  const messages = [{ role: "user", content: "hello there" }];
  const answer = (await (await ask({ model: "stories260K", messages, unheard_of: { a: [1] } })).json()) as { echoed: object };
  expect(answer.echoed).toEqual({ model: "stories260K", messages, unheard_of: { a: [1] } });
  expect(await (await ask({ model: "stories260K", messages, stream: true })).text()).toContain('{"content":"hello "}');
  expect((await ask({ messages }, "wrong")).status).toBe(401);
  const unknown = await ask({ model: "no/such/model", messages });
  expect(unknown.status).toBe(404);
  expect(await unknown.json()).toMatchObject({ error: { code: "MODEL_NOT_FOUND", type: "invalid_request_error" } });
  const [process] = await processes(home);
  expect((await fetch(`${process!.url}/v1/chat/completions`, { method: "POST", body: "{}" })).status).toBe(401);
  const { data } = (await (await fetch(`${url}/v1/models`, { headers: { authorization: `Bearer ${token}` } })).json()) as {
    data: object[];
  };
  expect(data).toMatchObject([{ id: "stories260K", object: "model", owned_by: "rbee" }]);
});

test("infer starts a worker when none runs the model, streams the answer to stdout and the rest to stderr", async () => {
  await using home = await withEcho();
  const ran = await home.rbee(["infer", "one two three"]);
  expect(ran).toMatchObject({ code: 0, stdout: "one two three\n" });
  expect(ran.stderr).toContain("3 tokens");
  expect(await home.rbee(["infer", "-"], { stdin: "from a pipe" })).toMatchObject({ code: 0, stdout: "from a pipe\n" });
  expect((await processes(home)).length).toBe(1);
});

test("a worker that runs is not removed, nor its model: exit 4; --force stops it first", async () => {
  await using home = await withEcho();
  await home.rbee(["worker", "spawn"]);
  const [process] = await processes(home);
  const refused = await home.rbee(["worker", "remove", "echo"]);
  expect(refused.code).toBe(4);
  expect(refused.stderr).toContain("echo is running (process 1)");
  expect((await home.rbee(["model", "remove", "stories260K"])).code).toBe(4);
  expect((await home.rbee(["worker", "remove", "echo", "--force"])).code).toBe(0);
  expect(isAlive(identity(process!))).toBe(false);
  expect((await home.rbee(["model", "remove", "stories260K"])).code).toBe(0);
});

test("stopping a process ends it; stopping it again changes nothing", async () => {
  await using home = await withEcho();
  await home.rbee(["worker", "spawn"]);
  const [process] = await processes(home);
  expect((await home.rbee(["worker", "process", "stop", "1"])).code).toBe(0);
  expect(isAlive(identity(process!))).toBe(false);
  expect((await home.rbee(["worker", "process", "delete", "1"])).code).toBe(0);
  expect(await processes(home)).toMatchObject([{ state: "stopped" }]);
});

test("ready means that the health route says so, not that the port is open", async () => {
  await using home = await withEcho(["--ready-after", "800"]);
  const from = Date.now();
  expect((await home.rbee(["worker", "spawn"])).code).toBe(0);
  expect(Date.now() - from).toBeGreaterThanOrEqual(750);
});

test("a worker that ends before it is ready: exit 1 with the end of its log", async () => {
  await using home = await withEcho(["--ready-after", "60000", "--die-after", "100"]);
  const ran = await home.rbee(["worker", "spawn"]);
  expect(ran.code).toBe(1);
  expect(ran.stderr).toContain("echo did not become ready: exit code 9");
  expect(ran.stderr).toContain("out of memory, as ordered");
  expect(ran.stderr).toContain("code: SPAWN_FAILED");
});

test("Ctrl+C while a worker starts ends it: exit 130", async () => {
  await using home = await withEcho(["--ready-after", "60000"]);
  const spawning = home.start(["worker", "spawn"]);
  await until("it starts", async () => (await processes(home)).some(({ pid, state }) => state === "starting" && pid > 0));
  const [process] = await processes(home);
  spawning.kill("SIGINT");
  expect(await spawning.exited).toBe(130);
  expect(isAlive(identity(process!))).toBe(false);
});

test("a port in use is refused: exit 4", async () => {
  await using home = await withEcho();
  using other = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: () => new Response("x") });
  const ran = await home.rbee(["worker", "spawn", "--port", String(other.port)]);
  expect(ran.code).toBe(4);
  expect(ran.stderr).toContain(`Port ${other.port} on 127.0.0.1 is in use`);
});

test("workers survive the hive's death and are adopted; hive stop ends them; --keep-workers does not", async () => {
  await using home = await withEcho();
  await home.rbee(["hive", "start", "--port", "0"]);
  await home.rbee(["worker", "spawn"]);
  const [before] = await processes(home);
  const { pid } = JSON.parse(readFileSync(join(home.path, "state/hive.json"), "utf8")) as { pid: number };
  process.kill(pid, "SIGKILL");
  const [after] = await processes(home);
  expect(after).toMatchObject({ state: "ready", pid: before!.pid });
  expect(await home.rbee(["infer", "still here"])).toMatchObject({ code: 0, stdout: "still here\n" });
  await home.rbee(["hive", "stop", "--keep-workers"]);
  expect(isAlive(identity(before!))).toBe(true);
  expect(await processes(home)).toMatchObject([{ state: "ready" }]);
  await home.rbee(["hive", "stop"]);
  expect(isAlive(identity(before!))).toBe(false);
});

test("a worker that dies is told as crashed, with how", async () => {
  await using home = await withEcho();
  await home.rbee(["worker", "spawn"]);
  const [process] = await processes(home);
  globalThis.process.kill(process!.pid, "SIGKILL");
  await until("it is told", async () => (await processes(home))[0]?.state !== "ready");
  expect((await home.rbee(["worker", "process", "get", "1"])).stdout).toContain("SIGKILL");
});
