// Files over HTTP from a server that misbehaves in every way we know.
import { expect, test } from "bun:test";
import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { download } from "../../lib/download.ts";
import { fail } from "../../lib/errors.ts";
import { hubFetch } from "../../lib/hub/ask.ts";
import { temporaryDirectory } from "../harness.ts";

const content = new Uint8Array(300_000).map((_, index) => index % 251);

interface Behaviour {
  readonly etag?: string;
  /** Bytes after which the connection is cut, one for each request; then whole answers. */
  cuts?: number[];
  readonly ignoresRanges?: boolean;
  readonly statuses?: number[];
}

/** Answers on a raw socket, so that a transfer can be cut in the middle. */
function server(behaviour: Behaviour) {
  const requests: string[] = [];
  const listener = Bun.listen({
    hostname: "127.0.0.1",
    port: 0,
    socket: {
      data(socket, data) {
        const request = data.toString();
        requests.push(request);
        const status = behaviour.statuses?.shift();
        if (status) {
          socket.end(`HTTP/1.1 ${status} No\r\ncontent-length: 0\r\nconnection: close\r\n\r\n`);
          return;
        }
        const from = behaviour.ignoresRanges ? 0 : Number(/^range: bytes=(\d+)-/im.exec(request)?.[1] ?? 0);
        const body = content.subarray(from);
        const head = [from ? "HTTP/1.1 206 Partial Content" : "HTTP/1.1 200 OK", `content-length: ${body.length}`, "connection: close"];
        if (behaviour.etag) head.push(`etag: ${behaviour.etag}`);
        if (from) head.push(`content-range: bytes ${from}-${content.length - 1}/${content.length}`);
        socket.write(`${head.join("\r\n")}\r\n\r\n`);
        const cut = behaviour.cuts?.shift();
        void send(socket, cut === undefined ? body : body.subarray(0, cut));
      },
    },
  });
  return { url: `http://127.0.0.1:${listener.port}/file`, requests, [Symbol.dispose]: () => listener.stop(true) };
}

async function send(socket: Bun.Socket, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length; ) {
    const written = socket.write(bytes.subarray(at));
    at += Math.max(0, written);
    if (written <= 0) await Bun.sleep(1);
  }
  socket.flush();
  await Bun.sleep(20);
  socket.end();
}

async function fetchWhole(behaviour: Behaviour) {
  using directory = temporaryDirectory();
  using source = server(behaviour);
  const path = join(directory.path, "file");
  await download(source.url, path);
  expect(Buffer.compare(Buffer.from(await Bun.file(path).arrayBuffer()), Buffer.from(content))).toBe(0);
  expect(readdirSync(directory.path)).toEqual(["file"]);
  return source.requests;
}

test("a transfer that breaks off is continued where it was, when the server still has the same file", async () => {
  const requests = await fetchWhole({ etag: '"v1"', cuts: [100_000] });
  expect(requests.length).toBe(2);
  expect(requests[1]).toMatch(/range: bytes=\d+-/i);
  expect(requests[1]).toMatch(/if-range: "v1"/i);
});

test("without a strong ETag nothing is continued: it starts again", async () => {
  const requests = await fetchWhole({ cuts: [100_000] });
  expect(requests.length).toBe(2);
  expect(requests[1]).not.toMatch(/^range:/im);
});

test("a server that ignores ranges sends everything again and the file is right", async () => {
  await fetchWhole({ etag: '"v1"', cuts: [100_000], ignoresRanges: true });
});

test("429 and 503 are tried again", async () => {
  expect((await fetchWhole({ statuses: [503, 429] })).length).toBe(3);
});

test("a file without room is refused before a byte of it is written, whether the server gives parts or not", async () => {
  using directory = temporaryDirectory();
  const size = 2 ** 50;
  const heads = [`HTTP/1.1 200 OK\r\ncontent-length: ${size}`, `HTTP/1.1 206 Partial Content\r\ncontent-range: bytes 0-4194303/${size}`];
  for (const head of heads) {
    using huge = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data: (socket) => void socket.write(`${head}\r\n\r\nxxxx`) } });
    const attempt = download(`http://127.0.0.1:${huge.port}/file`, join(directory.path, "file"));
    await expect(attempt).rejects.toMatchObject({ code: "DISK_SHORT", message: expect.stringContaining("file") });
    huge.stop(true);
  }
  expect(statSync(join(directory.path, "file.rbee-part-download")).size).toBe(0);
});

test("a body that is longer than announced is refused, whether it is whole or a part, and nothing takes the file's name", async () => {
  using directory = temporaryDirectory();
  const path = join(directory.path, "file");
  const heads = ["HTTP/1.1 200 OK", `HTTP/1.1 206 Partial Content\r\ncontent-range: bytes 0-99/100`];
  for (const head of heads) {
    using longer = Bun.listen({
      hostname: "127.0.0.1",
      port: 0,
      // Without a length the end of the connection is the end of the body.
      socket: { data: (socket) => void socket.end(`${head}\r\nconnection: close\r\n\r\n${"x".repeat(101)}`) },
    });
    const attempt = download(`http://127.0.0.1:${longer.port}/file`, path, { expected: { sizeBytes: 100 } });
    await expect(attempt).rejects.toMatchObject({
      code: "SOURCE_UNAVAILABLE",
      message: expect.stringContaining("more than the 100 bytes"),
    });
    longer.stop(true);
  }
  expect(existsSync(path)).toBe(false);
});

test("404 is final and names the address", async () => {
  using directory = temporaryDirectory();
  using source = server({ statuses: [404] });
  const path = join(directory.path, "file");
  expect(download(source.url, path)).rejects.toMatchObject({ code: "SOURCE_UNAVAILABLE" });
  expect(existsSync(path)).toBe(false);
});

test("a server that says nothing is given up on", async () => {
  using directory = temporaryDirectory();
  using silent = Bun.serve({ port: 0, hostname: "127.0.0.1", idleTimeout: 0, fetch: () => new Promise<Response>(() => {}) });
  const attempt = download(silent.url.href, join(directory.path, "file"), { stallMs: 100, retries: 0 });
  expect(attempt).rejects.toMatchObject({ code: "SOURCE_UNAVAILABLE", message: expect.stringContaining("nothing came for 0.1 s") });
  await attempt.catch(() => {});
});

test("whoever gives up does not sit out what a server asked to wait", async () => {
  using directory = temporaryDirectory();
  const asked = Promise.withResolvers<void>();
  using busy = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch() {
      asked.resolve();
      return new Response("", { status: 429, headers: { "retry-after": "100" } });
    },
  });
  const settings = { endpoint: busy.url.href, token: undefined, isOffline: false, cache: directory.path };
  const ways = [
    (signal: AbortSignal) => download(busy.url.href, join(directory.path, "file"), { signal }),
    (signal: AbortSignal) => hubFetch(settings, { refuse: () => fail("CANCELLED", {}), signal })(busy.url),
  ];
  for (const way of ways) {
    const abort = new AbortController();
    const attempt = way(abort.signal);
    await asked.promise;
    await Bun.sleep(20);
    abort.abort(new Error("enough"));
    await expect(attempt).rejects.toThrow("enough");
  }
});

test("an abort ends it with the signal's reason", async () => {
  using directory = temporaryDirectory();
  using silent = Bun.serve({ port: 0, hostname: "127.0.0.1", idleTimeout: 0, fetch: () => new Promise<Response>(() => {}) });
  const abort = new AbortController();
  const attempt = download(silent.url.href, join(directory.path, "file"), { signal: abort.signal });
  abort.abort(new Error("enough"));
  expect(attempt).rejects.toThrow("enough");
  await attempt.catch(() => {});
});
