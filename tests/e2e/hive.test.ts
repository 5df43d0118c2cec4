// The hive as other programs meet it: doors, routes, second instances, unreachable ones.
import { expect, test } from "bun:test";
import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { type Home, makeHome, until } from "../harness.ts";

interface Served {
  readonly url: string;
  readonly token: string;
  ask(path: string, init?: RequestInit & { token?: string | null }): Promise<Response>;
}

async function serve(home: Home, flags: string[] = []): Promise<Served> {
  const started = await home.rbee(["hive", "start", "--port", "0", "--json", ...flags]);
  const { url } = JSON.parse(started.stdout) as { url: string };
  const token = (await home.rbee(["hive", "token"])).stdout.trim();
  const ask: Served["ask"] = (path, { token: key = token, ...init } = {}) =>
    fetch(url + path, { ...init, headers: { ...(key === null ? {} : { authorization: `Bearer ${key}` }), ...init.headers } });
  return { url, token, ask };
}

test("health and the catalog are open; everything under /v1 wants the token", async () => {
  await using home = makeHome();
  const hive = await serve(home);
  expect(await (await hive.ask("/health", { token: null })).json()).toMatchObject({ status: "ok", service: "rbee-hive" });
  expect((await hive.ask("/workers", { token: null })).status).toBe(200);
  for (const path of ["/v1/jobs", "/v1/workers", "/v1/processes", "/v1/models", "/v1/capabilities"]) {
    expect((await hive.ask(path, { token: null })).status).toBe(401);
    expect((await hive.ask(path, { token: "wrong" })).status).toBe(401);
    expect((await hive.ask(path)).status).toBe(200);
  }
  expect(statSync(join(home.path, "state/token")).mode & 0o777).toBe(0o600);
});

test("a foreign Host, a cross-site Origin and a form are refused; allowed ones pass", async () => {
  await using home = makeHome();
  const hive = await serve(home, ["--allow-host", "hive.example", "--allow-origin", "https://app.example"]);
  const job = { method: "POST", body: JSON.stringify({ operation: "worker_list_installed" }) };
  expect((await hive.ask("/health", { headers: { host: "evil.example" } })).status).toBe(421);
  expect((await hive.ask("/health", { headers: { host: "hive.example" } })).status).toBe(200);
  expect((await hive.ask("/v1/jobs", { headers: { origin: "https://evil.example" } })).status).toBe(403);
  expect((await hive.ask("/v1/jobs", { headers: { origin: "https://app.example" } })).status).toBe(200);
  expect((await hive.ask("/v1/jobs", { ...job, headers: { "content-type": "text/plain" } })).status).toBe(415);
  expect((await hive.ask("/v1/jobs", { ...job, headers: { "content-type": "application/json; charset=utf-8" } })).status).toBe(202);
});

test("a page of an allowed site may ask with the key, as its browser asks first; other sites are not told", async () => {
  await using home = makeHome();
  const hive = await serve(home, ["--allow-origin", "https://app.example"]);
  const asks = (origin: string) => ({
    method: "OPTIONS",
    token: null,
    headers: { origin, "access-control-request-method": "DELETE", "access-control-request-headers": "authorization,x-stainless-os" },
  });
  const may = await hive.ask("/v1/jobs/1234", asks("https://app.example"));
  expect(may.status).toBe(204);
  expect(may.headers.get("access-control-allow-origin")).toBe("https://app.example");
  expect(may.headers.get("access-control-allow-methods")).toContain("DELETE");
  // The client of OpenAI's sends headers of its own.
  expect(may.headers.get("access-control-allow-headers")).toBe("authorization,x-stainless-os");
  const other = await hive.ask("/v1/jobs/1234", asks("https://evil.example"));
  expect([other.status, other.headers.get("access-control-allow-origin")]).toEqual([403, null]);
  const told = await hive.ask("/v1/jobs", { headers: { origin: "https://app.example" } });
  expect(told.headers.get("access-control-expose-headers")).toContain("retry-after");
});

test("HEAD asks for what is open, 405 says what may be asked, 401 says how", async () => {
  await using home = makeHome();
  const hive = await serve(home);
  const head = await hive.ask("/health", { method: "HEAD", token: null });
  expect([head.status, head.headers.get("content-type"), await head.text()]).toEqual([200, "application/json;charset=utf-8", ""]);
  const wrong = await hive.ask("/v1/jobs/1234", { method: "PUT" });
  expect([wrong.status, wrong.headers.get("allow")]).toEqual([405, "GET, DELETE"]);
  expect((await hive.ask("/v1/jobs", { token: null })).headers.get("www-authenticate")).toBe("Bearer");
});

test("an operation is checked when it is handed in: 400 with the field and the reason", async () => {
  await using home = makeHome();
  const hive = await serve(home);
  const post = async (body: unknown) => {
    const response = await hive.ask("/v1/jobs", {
      method: "POST",
      body: typeof body === "string" ? body : JSON.stringify(body),
      headers: { "content-type": "application/json" },
    });
    return { status: response.status, body: (await response.json()) as { error: { code: string; message: string } } };
  };
  const cases: [unknown, string][] = [
    ["{", "body: is not JSON"],
    [[], "body: must be a JSON object"],
    [{}, "operation: is missing"],
    [{ operation: "worker_explode" }, 'operation: "worker_explode" is not one'],
    [{ operation: "worker_install" }, "worker_id: is missing"],
    [{ operation: "worker_install", worker_id: "../../x" }, "worker_id: must be"],
    [{ operation: "worker_install", worker_id: "x", colour: "red" }, "colour"],
    [{ operation: "worker_spawn", port: 70000 }, "port:"],
  ];
  for (const [body, words] of cases) {
    const answer = await post(body);
    expect(answer.status).toBe(400);
    expect(answer.body.error.message).toContain(words);
  }
});

test("unknown paths and jobs are 404 in JSON, a wrong method is 405", async () => {
  await using home = makeHome();
  const hive = await serve(home);
  expect(await (await hive.ask("/nope")).json()).toMatchObject({ error: { code: "NOT_FOUND" } });
  expect((await hive.ask("/v1/jobs/ghost")).status).toBe(404);
  expect((await hive.ask("/v1/jobs/ghost/stream")).status).toBe(404);
  expect((await hive.ask("/v1/jobs/ghost", { method: "DELETE" })).status).toBe(404);
  expect((await hive.ask("/health", { method: "DELETE" })).status).toBe(405);
  expect(await (await hive.ask("/workers/nope")).json()).toEqual({ error: "Worker not found" });
});

test("a hive serves its catalog with the recipe's own files and no others", async () => {
  await using home = makeHome();
  const hive = await serve(home);
  const { workers } = (await (await hive.ask("/workers")).json()) as { workers: { id: string }[] };
  expect(workers.map(({ id }) => id)).toContain("llama-node-cpu");
  expect(await (await hive.ask("/workers/llama-node-cpu/PKGBUILD")).text()).toContain("pkgname=llama-node-cpu");
  expect((await hive.ask("/workers/llama-node-cpu/files/server.mjs")).status).toBe(200);
  for (const name of ["entry.json", "PKGBUILD", "..%2F..%2Fpackage.json", "nothing"]) {
    expect((await hive.ask(`/workers/llama-node-cpu/files/${name}`)).status).toBe(404);
  }
});

test("a hive can be another hive's catalog", async () => {
  await using first = makeHome();
  await using second = makeHome();
  const origin = await serve(first);
  await serve(second, ["--catalog", origin.url]);
  const got = await second.rbee(["worker", "get", "llama-node-cpu", "--json"]);
  expect(JSON.parse(got.stdout)).toMatchObject({ catalog: { origin: origin.url, hides_builtin: true } });
});

test("a second hive on the same state is told who holds it: exit 4", async () => {
  await using home = makeHome();
  const { url } = await serve(home);
  const second = await home.rbee(["hive", "serve", "--port", "0"]);
  expect(second.code).toBe(4);
  expect(second.stderr).toMatch(/A hive already serves .*: pid \d+ at http/);
  expect(second.stderr).toContain(url);
});

test("a port in use: exit 4, saying by whom", async () => {
  await using home = makeHome();
  using other = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: () => new Response("x") });
  const ran = await home.rbee(["hive", "serve", "--port", String(other.port)]);
  expect(ran.code).toBe(4);
  expect(ran.stderr).toContain(`Port ${other.port} on 127.0.0.1 is in use`);
  if (process.platform === "linux") expect(ran.stderr).toContain(`(pid ${process.pid})`);
});

test("--no-auth is refused off loopback", async () => {
  await using home = makeHome();
  expect(await home.rbee(["hive", "serve", "--port", "0", "--no-auth", "--host", "0.0.0.0"])).toMatchObject({ code: 2 });
});

test("no hive there, a wrong token, another contract: exit 5 each", async () => {
  await using home = makeHome();
  const hive = await serve(home);
  expect(await home.rbee(["worker", "list", "--hive", "http://127.0.0.1:1"])).toMatchObject({
    code: 5,
    stderr: expect.stringContaining("HIVE_UNREACHABLE"),
  });
  expect(await home.rbee(["worker", "list", "--hive", hive.url], { env: { RBEE_TOKEN: "wrong" } })).toMatchObject({
    code: 5,
    stderr: expect.stringContaining("UNAUTHORIZED"),
  });
  // The stored token is the state directory's hive's: it is not sent to an address that was named.
  expect(await home.rbee(["worker", "list", "--hive", hive.url])).toMatchObject({ code: 5 });
  expect(await home.rbee(["worker", "list", "--hive", hive.url], { env: { RBEE_TOKEN: hive.token } })).toMatchObject({ code: 0 });
  const other = await hive.ask("/v1/workers", { headers: { "x-rbee-contract": "999" } });
  expect(other.status).toBe(409);
  expect(await other.json()).toMatchObject({ error: { code: "CONTRACT_MISMATCH" } });
  using stranger = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: () => new Response("<html>", { status: 500 }) });
  expect(await home.rbee(["worker", "list", "--hive", stranger.url.href])).toMatchObject({
    code: 5,
    stderr: expect.stringContaining("perhaps not a hive"),
  });
});

test("a command starts a hive when none runs; it ends by itself; two at once share one", async () => {
  await using home = makeHome();
  const [first, second] = await Promise.all([home.rbee(["worker", "list", "--json"]), home.rbee(["worker", "list", "--json"])]);
  expect([first.code, second.code]).toEqual([0, 0]);
  const { pid } = JSON.parse(readFileSync(join(home.path, "state/hive.json"), "utf8")) as { pid: number };
  expect(pid).toBeGreaterThan(1);
  await until("the hive has ended by itself", () => !existsSync(join(home.path, "state/hive.json")));
  expect((await home.rbee(["hive", "status"])).code).toBe(5);
});

test("events have ids and names, come again after Last-Event-ID, and end with an unnamed word", async () => {
  await using home = makeHome();
  const hive = await serve(home);
  const submitted = await hive.ask("/v1/jobs", {
    method: "POST",
    body: '{"operation":"hive_check"}',
    headers: { "content-type": "application/json" },
  });
  const { job_id, sse_url } = (await submitted.json()) as { job_id: string; sse_url: string };
  expect(submitted.headers.get("location")).toBe(`/v1/jobs/${job_id}`);
  const whole = await (await hive.ask(sse_url)).text();
  expect(whole).toMatch(/^id: 1\nevent: state\ndata: \{"state":"queued"/);
  expect(whole).toMatch(/\nid: \d+\ndata: \[DONE\]\n\n$/);
  const rest = await (await hive.ask(sse_url, { headers: { "last-event-id": "2" } })).text();
  expect(rest).toMatch(/^id: 3\n/);
  expect(whole.endsWith(rest)).toBe(true);
});
