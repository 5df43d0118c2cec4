// Model files that are sent to the hive: whole or absent, continued after a broken connection and a dead hive, and what is refused.
import { afterAll, beforeAll, expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { HiveClient } from "../../lib/client.ts";
import { type Home, makeHome, tinyModel, until } from "../harness.ts";
import { hiveOf } from "../toy-worker.ts";

const GGUF = readFileSync(tinyModel);
let home: Home;
let url: string;
let token: string;
let client: HiveClient;

beforeAll(async () => {
  home = makeHome();
  await home.rbee(["hive", "start", "--port", "0"]);
  ({ url, token } = await hiveOf(home));
  client = new HiveClient(url, token);
}, 30_000);
afterAll(() => home[Symbol.asyncDispose]());

const fileOf = (name: string, bytes: Uint8Array = GGUF, lastModified = 1) => new File([bytes.slice()], name, { lastModified });
const directory = () => join(home.path, "data/uploads");
const left = () => (existsSync(directory()) ? readdirSync(directory()) : []);
const headers = (more: Record<string, string> = {}) => ({ authorization: `Bearer ${token}`, ...more });
const begin = (body: unknown) =>
  fetch(`${url}/v1/uploads`, { method: "POST", headers: headers({ "content-type": "application/json" }), body: JSON.stringify(body) });
const piece = (id: string, offset: number, body: Uint8Array, type = "application/offset+octet-stream") =>
  fetch(`${url}/v1/uploads/${id}`, {
    method: "PATCH",
    headers: headers({ "content-type": type, "upload-offset": String(offset) }),
    body: new Blob([body.slice()]),
  });
const codeOf = async (response: Response) => [response.status, ((await response.json()) as { error?: { code: string } }).error?.code];

test("a file that is sent becomes a model, is told as it goes, and is removed with what it held", async () => {
  const seen: number[] = [];
  const model = await client.upload(fileOf("mine.gguf"), { onProgress: (done) => seen.push(done) });
  expect(model).toMatchObject({ id: "mine", kept: "copied", format: "gguf", source: "upload:mine.gguf", size_bytes: GGUF.length });
  expect(seen[0]).toBe(0);
  expect(readFileSync(model.path).equals(GGUF)).toBe(true);
  expect(left()).toEqual([]);
  expect(await client.upload(fileOf("mine.gguf")).catch((error) => error.code)).toBe("MODEL_EXISTS");
  expect(await client.run("model_remove", { id: "mine" })).toEqual({ id: "mine", freed_bytes: GGUF.length });
  expect(existsSync(model.path)).toBe(false);
});

test("a connection that breaks within a piece keeps what came; the same file goes on there", async () => {
  const { id } = (await (await begin({ name: "cut.gguf", size_bytes: GGUF.length, modified_at: 1 })).json()) as { id: string };
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  socket.write(
    `PATCH /v1/uploads/${id} HTTP/1.1\r\nhost: ${hostname}:${port}\r\nauthorization: Bearer ${token}\r\nupload-offset: 0\r\n` +
      `content-type: application/offset+octet-stream\r\ncontent-length: ${GGUF.length}\r\n\r\n`,
  );
  socket.write(GGUF.subarray(0, 100_000));
  const file = join(directory(), id, "cut.gguf");
  await until("the first bytes are written", () => existsSync(file) && readFileSync(file).length >= 100_000);
  socket.destroy();
  await until("the hive noticed", async () => (await client.uploads()).uploads[0]?.offset === 100_000);
  const seen: number[] = [];
  const model = await client.upload(fileOf("cut.gguf"), { onProgress: (done) => seen.push(done) });
  expect(seen[0]).toBe(100_000);
  expect(readFileSync(model.path).equals(GGUF)).toBe(true);
});

test("a hive that is killed loses nothing that it had acknowledged", async () => {
  await using other = makeHome();
  await other.rbee(["hive", "start", "--port", "0"]);
  let hive = await hiveOf(other);
  const send = (id: string, offset: number, body: Uint8Array) =>
    fetch(`${hive.url}/v1/uploads/${id}`, {
      method: "PATCH",
      headers: {
        authorization: `Bearer ${hive.token}`,
        "content-type": "application/offset+octet-stream",
        "upload-offset": String(offset),
      },
      body: new Blob([body.slice()]),
    });
  const wish = { name: "kept.gguf", size_bytes: GGUF.length, modified_at: 1 };
  const started = await fetch(`${hive.url}/v1/uploads`, {
    method: "POST",
    headers: { authorization: `Bearer ${hive.token}`, "content-type": "application/json" },
    body: JSON.stringify(wish),
  });
  const { id } = (await started.json()) as { id: string };
  expect((await send(id, 0, GGUF.subarray(0, 50_000))).status).toBe(200);
  process.kill(JSON.parse((await other.rbee(["hive", "status", "--json"])).stdout).pid, "SIGKILL");
  await until("it is gone", async () => (await other.rbee(["hive", "status"])).code !== 0);
  await other.rbee(["hive", "start", "--port", "0"]);
  hive = await hiveOf(other);
  const seen: number[] = [];
  await new HiveClient(hive.url, hive.token).upload(fileOf("kept.gguf"), { onProgress: (done) => seen.push(done) });
  expect(seen[0]).toBe(50_000);
});

test.each([
  ["../../../etc/passwd.gguf"],
  ["a/b.gguf"],
  ["a\\b.gguf"],
  [".hidden.gguf"],
  ["..gguf"],
  ["nul\0.gguf"],
  ["line\nbreak.gguf"],
  ["\u202Efugg.gguf"],
  [`${"x".repeat(300)}.gguf`],
  ["program.sh"],
  ["x-00001-of-00002.gguf"],
  [""],
])("the name %p is refused before anything is written", async (name) => {
  const before = left();
  expect(await codeOf(await begin({ name, size_bytes: 10 }))).toEqual([400, "INVALID_INPUT"]);
  expect(left()).toEqual(before);
});

test("what is no model is refused at its first bytes and leaves nothing; a header that lies at its last", async () => {
  const before = left();
  const noise = new Uint8Array(20_000_000).fill(7);
  const seen: number[] = [];
  const refused = client.upload(fileOf("noise.gguf", noise), { onProgress: (done) => seen.push(done) });
  expect(await refused.catch((error) => error.code)).toBe("MODEL_UNREADABLE");
  expect(seen).toEqual([0]);
  const liar = Buffer.concat([GGUF.subarray(0, 8), Buffer.alloc(1_000, 255)]);
  expect(await client.upload(fileOf("liar.gguf", liar)).catch((error) => error.code)).toBe("MODEL_UNREADABLE");
  expect(left()).toEqual(before);
});

test("a size without room, a wrong offset, too many bytes, another type and a stranger are refused", async () => {
  expect(await codeOf(await begin({ name: "huge.gguf", size_bytes: Number.MAX_SAFE_INTEGER }))).toEqual([507, "DISK_SHORT"]);
  expect(await codeOf(await begin({ name: "x.gguf", size_bytes: -1 }))).toEqual([400, "INVALID_INPUT"]);
  const { id } = (await (await begin({ name: "x.gguf", size_bytes: 1_000 })).json()) as { id: string };
  expect(await codeOf(await piece(id, 5, GGUF.subarray(0, 10)))).toEqual([409, "UPLOAD_OFFSET"]);
  expect(await codeOf(await piece(id, 0, GGUF.subarray(0, 10), "text/plain"))).toEqual([415, "CONTENT_TYPE"]);
  expect(await codeOf(await piece(id, 0, GGUF.subarray(0, 2_000)))).toEqual([413, "BODY_TOO_LARGE"]);
  expect(await codeOf(await piece("../x", 0, GGUF.subarray(0, 10)))).toEqual([404, "NOT_FOUND"]);
  expect(await codeOf(await piece("f".repeat(32), 0, GGUF.subarray(0, 10)))).toEqual([404, "UPLOAD_NOT_FOUND"]);
  expect((await fetch(`${url}/v1/uploads`)).status).toBe(401);
  expect((await client.forgetUpload(id)).name).toBe("x.gguf");
  expect((await client.uploads()).uploads).toEqual([]);
});
