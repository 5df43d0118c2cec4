// Downloads against a server that does everything wrong that servers do.
import { afterAll, beforeEach, describe, expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { DownloadOptions } from "../../lib/download/options.ts";
import { download } from "../../lib/download.ts";
import { root, temporaryDirectory, until } from "../harness.ts";
import { COMMIT, sha256, startHub } from "../hub-server.ts";

/** Three segments and a bit, no two bytes ranges alike. */
const BYTES = new Uint8Array((25 << 20) + 12_345);
new Uint32Array(BYTES.buffer, 0, BYTES.length >> 2).forEach((_, index, words) => {
  words[index] = Math.imul(index + 1, 2_654_435_761);
});
const SMALL = new TextEncoder().encode("small");

const hub = startHub({ "org/big": { files: { "big.bin": BYTES, "small.txt": SMALL } } });
const url = `${hub.url}/org/big/resolve/${COMMIT}/big.bin`;
const hash = { name: "sha256" as const, hex: sha256(BYTES) };
afterAll(() => hub[Symbol.asyncDispose]());
beforeEach(() => {
  Object.assign(hub.faults, {
    refusals: [],
    ignoresRanges: false,
    truncations: [],
    usesOfSignature: Number.POSITIVE_INFINITY,
    isCorrupt: false,
    gate: undefined,
  });
  hub.requests.length = 0;
  hub.repositories["org/big"] = { files: { "big.bin": BYTES, "small.txt": SMALL } };
});

async function fetched(options: DownloadOptions = {}, address = url): Promise<Uint8Array> {
  using directory = temporaryDirectory();
  const path = join(directory.path, "file");
  await download(address, path, { retryMs: 1, ...options });
  expect(readdirSync(directory.path)).toEqual(["file"]);
  return readFileSync(path);
}

const isWhole = (bytes: Uint8Array) => sha256(bytes) === hash.hex;

describe("what a server may do", () => {
  test("a large file comes in several parts at once, with no token to the second origin", async () => {
    expect(isWhole(await fetched({ expected: { sizeBytes: BYTES.length, hash }, headers: { authorization: "Bearer hf_x" } }))).toBe(true);
    const parts = hub.requests.filter(({ host }) => host === "cdn");
    expect(parts.length).toBe(7);
    expect(parts.some(({ hasToken }) => hasToken)).toBe(false);
    expect(hub.requests.find(({ host }) => host === "hub")?.hasToken).toBe(true);
  });

  test("a file whose size nobody told is fetched in parts too", async () => {
    expect(isWhole(await fetched())).toBe(true);
    expect(hub.requests.filter(({ range }) => range !== null).length).toBeGreaterThan(3);
  });

  test("a small and an empty file", async () => {
    hub.repositories["org/big"] = { files: { "small.txt": SMALL, empty: new Uint8Array() } };
    expect(await fetched({}, url.replace("big.bin", "small.txt"))).toEqual(Buffer.from(SMALL));
    expect((await fetched({ expected: { sizeBytes: 0 } }, url.replace("big.bin", "empty"))).length).toBe(0);
  });

  const harmless: [string, (faults: typeof hub.faults) => void][] = [
    ["ignores ranges", (faults) => Object.assign(faults, { ignoresRanges: true })],
    [
      "breaks off in the middle of several parts",
      (faults) => faults.truncations.push({ afterBytes: 100 }, { afterBytes: 5_000_000 }, { afterBytes: 0 }),
    ],
    ["breaks off a whole body", (faults) => Object.assign(faults, { ignoresRanges: true, truncations: [{ afterBytes: 9_000_000 }] })],
    [
      "answers 503 and 429 a few times",
      (faults) => faults.refusals.push({ status: 503 }, { status: 429, headers: { "retry-after": "0" } }, { status: 500 }),
    ],
    ["lets signatures expire after two uses", (faults) => Object.assign(faults, { usesOfSignature: 2 })],
  ];
  for (const [what, break_] of harmless)
    test(`a server that ${what} gives the file all the same`, async () => {
      break_(hub.faults);
      expect(isWhole(await fetched({ expected: { sizeBytes: BYTES.length, hash } }))).toBe(true);
    });
});

describe("what stops a download", () => {
  const cases: [string, string, (faults: typeof hub.faults) => void, DownloadOptions?][] = [
    ["other bytes than promised", "DOWNLOAD_DAMAGED", (faults) => Object.assign(faults, { isCorrupt: true })],
    ["another size than promised", "SOURCE_UNAVAILABLE", () => {}, { expected: { sizeBytes: 1000, hash } }],
    [
      "a server that always fails",
      "SOURCE_UNAVAILABLE",
      (faults) => faults.refusals.push(...Array.from({ length: 50 }, () => ({ status: 502 }))),
    ],
    ["a refusal", "SOURCE_UNAVAILABLE", (faults) => faults.refusals.push({ status: 403 }, { status: 403 }, { status: 403 })],
  ];
  for (const [what, code, break_, options] of cases)
    test(`${what} is ${code}, and nothing takes the file's name`, async () => {
      break_(hub.faults);
      using directory = temporaryDirectory();
      const path = join(directory.path, "file");
      const expected = { sizeBytes: BYTES.length, hash };
      await expect(download(url, path, { expected, retryMs: 1, retries: 3, ...options })).rejects.toMatchObject({ code });
      expect(existsSync(path)).toBe(false);
    });

  test("a connection over which nothing comes is dropped and tried again", async () => {
    const gate = Promise.withResolvers<void>();
    hub.faults.gate = gate.promise;
    const done = fetched({ expected: { sizeBytes: BYTES.length, hash }, stallMs: 1_000 });
    await until("the request was repeated", () => hub.requests.filter(({ host }) => host === "cdn").length > 1);
    hub.faults.gate = undefined;
    gate.resolve();
    expect(isWhole(await done)).toBe(true);
  });

  test("a cancel ends it at once and keeps what came", async () => {
    using directory = temporaryDirectory();
    const cancel = new AbortController();
    const onProgress = (done: number) => done > 2_000_000 && cancel.abort(new Error("enough"));
    const path = join(directory.path, "file");
    await expect(download(url, path, { signal: cancel.signal, onProgress, expected: { sizeBytes: BYTES.length, hash } })).rejects.toThrow(
      "enough",
    );
    expect(existsSync(path)).toBe(false);
    hub.requests.length = 0;
    let first: number | undefined;
    await download(url, path, { expected: { sizeBytes: BYTES.length, hash }, onProgress: (done) => (first ??= done) });
    expect(first).toBeGreaterThan(2_000_000);
    expect(isWhole(readFileSync(path))).toBe(true);
  });
});

describe("between two tries", () => {
  /** Fetches in a process of its own and kills it in the middle. */
  async function killedDownload(path: string): Promise<void> {
    const code = `
      import { download } from ${JSON.stringify(join(root, "lib/download.ts"))};
      const onProgress = (done) => { if (done > 10_000_000) process.kill(process.pid, "SIGKILL"); };
      await download(${JSON.stringify(url)}, ${JSON.stringify(path)}, { onProgress });`;
    const program = Bun.spawn([process.execPath, "-e", code], { stdout: "ignore", stderr: "ignore" });
    await program.exited;
    expect(program.signalCode).toBe("SIGKILL");
  }

  test("another process goes on after a kill -9, and the checksum fits", async () => {
    using directory = temporaryDirectory();
    const path = join(directory.path, "file");
    await killedDownload(path);
    await download(url, path, { expected: { sizeBytes: BYTES.length, hash } });
    expect(isWhole(readFileSync(path))).toBe(true);
  });

  test("a file that changed on the server is fetched from its first byte", async () => {
    using directory = temporaryDirectory();
    const path = join(directory.path, "file");
    await killedDownload(path);
    const changed = BYTES.slice().reverse();
    hub.repositories["org/big"] = { files: { "big.bin": changed } };
    await download(url, path);
    expect(sha256(readFileSync(path))).toBe(sha256(changed));
  });
});
