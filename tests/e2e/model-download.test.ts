// Models from a Hub, as a person fetches them: the ways of writing, the shared cache, gates, failures, removal.
import { afterAll, beforeEach, describe, expect, test } from "bun:test";
import {
  copyFileSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { makeHome, tinyModel, until } from "../harness.ts";
import { COMMIT, sha256, startHub } from "../hub-server.ts";

const GGUF = new Uint8Array(readFileSync(tinyModel));
const OTHER = withTail(GGUF, 4096);
const PROJECTOR = withTail(GGUF, 64);
const TENSORS = safetensors({ "model.weight": { dtype: "F32", shape: [2, 3], data_offsets: [0, 24] } }, 24);

const repositories = {
  "org/tiny-GGUF": {
    files: { "README.md": "# tiny", "tiny-Q4_K_M.gguf": GGUF, "tiny-Q8_0.gguf": OTHER, "tiny-F16.gguf": withTail(GGUF, 9000) },
  },
  "org/split-GGUF": { files: { "m-Q8_0-00001-of-00002.gguf": GGUF, "m-Q8_0-00002-of-00002.gguf": OTHER, "mmproj-F16.gguf": PROJECTOR } },
  "org/weights": {
    files: {
      "config.json": JSON.stringify({ model_type: "toy", max_position_embeddings: 512 }),
      "tokenizer.json": "{}",
      "model.safetensors": TENSORS,
      "pytorch_model.bin": new Uint8Array(5000),
    },
  },
  "org/lora": { files: { "adapter_config.json": "{}", "adapter_model.safetensors": TENSORS } },
  "org/gated": { gated: true, files: { "x-Q8_0.gguf": GGUF } },
  "org/private": { token: "hf_mine", files: { "x-Q8_0.gguf": GGUF } },
  "org/pickles": { files: { "model.bin": new Uint8Array(10) } },
  "org/hostile": { files: { "../../../outside-Q8_0.gguf": GGUF } },
};
const hub = startHub(repositories);
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
});

const newHome = (env: Record<string, string> = {}) => makeHome({ HF_ENDPOINT: hub.url, HF_HOME: "", HF_TOKEN: "", ...env });
const cacheOf = (home: { path: string }) => join(home.path, "cache/huggingface/hub");

describe("the ways to write it", () => {
  const ways: [ref: string, id: string][] = [
    ["org/tiny-GGUF", "org/tiny-GGUF:Q8_0"],
    ["org/tiny-GGUF:q4_k_m", "org/tiny-GGUF:Q4_K_M"],
    ["hf:org/tiny-GGUF/tiny-F16.gguf", "org/tiny-GGUF:F16"],
    [`org/tiny-GGUF@${COMMIT}:Q4_K_M`, `org/tiny-GGUF@${COMMIT}:Q4_K_M`],
    [`${hub.url}/org/tiny-GGUF/blob/main/tiny-Q4_K_M.gguf`, "org/tiny-GGUF:Q4_K_M"],
    ["org/split-GGUF", "org/split-GGUF:Q8_0"],
    ["org/weights", "org/weights"],
    ["org/lora", "org/lora"],
  ];
  test("each names the model that is meant, and no byte comes twice", async () => {
    await using home = newHome();
    for (const [ref, id] of ways) {
      const got = await home.rbee(["model", "download", ref, "--json"]);
      const result = got.stdout.split("\n").find((line) => line.includes('"result"'));
      expect([ref, JSON.parse(result ?? "{}").data?.id]).toEqual([ref, id]);
    }
    const fetched = hub.requests.filter(({ host }) => host === "cdn").map(({ path }) => path);
    expect(fetched).toEqual([...new Set(fetched)]);
    const list = await home.rbee(["model", "ls", "--json"]);
    const models = JSON.parse(list.stdout).models as {
      id: string;
      format: string;
      files: string[];
      projector?: string;
      quantization?: string;
    }[];
    expect(models.find(({ id }) => id === "org/split-GGUF:Q8_0")).toMatchObject({
      format: "gguf",
      projector: expect.stringContaining("mmproj-F16.gguf"),
    });
    expect(models.find(({ id }) => id === "org/split-GGUF:Q8_0")?.files.length).toBe(3);
    const weights = models.find(({ id }) => id === "org/weights");
    expect(weights).toMatchObject({ format: "safetensors", architecture: "toy", parameters: 6, context_length: 512, quantization: "F32" });
    expect(weights?.files.some((file) => file.endsWith("pytorch_model.bin"))).toBe(false);
    expect(models.find(({ id }) => id === "org/lora")?.format).toBe("lora");
  });

  test("without a quantisation the best that fits is taken, and it says why", async () => {
    await using home = newHome();
    const got = await home.rbee(["model", "pull", "org/tiny-GGUF"]);
    expect(got.stderr).toContain("Chose Q8_0: the best of 3 that fits");
  });

  const wrong: [ref: string, exit: number, says: string][] = [
    ["org/nothing", 3, "There is no repository"],
    ["org/tiny-GGUF@branch", 3, 'There is no revision "branch"'],
    ["org/tiny-GGUF:Q2_K", 3, "Q4_K_M, Q8_0, F16"],
    ["org/tiny-GGUF/absent.gguf", 3, "tiny-Q4_K_M.gguf"],
    ["org/pickles", 3, "It has: model.bin"],
    ["org/hostile", 1, "no listing of files"],
    ["./absent.gguf", 3, "No such file"],
    ["models/absent.gguf", 3, "No such file"],
    ["a b c", 2, "is not a model"],
    ["org/../../etc", 2, "is not a model"],
    ["https://127.0.0.1:9/model.zip", 2, "must end in .gguf"],
    ["org/gated", 4, "Accept its terms at"],
    ["org/private", 3, "HF_TOKEN"],
  ];
  test("what cannot be had says why, with the right exit code", async () => {
    await using home = newHome();
    for (const [ref, exit, says] of wrong) {
      const got = await home.rbee(["model", "download", ref]);
      expect([ref, got.code, got.stderr]).toEqual([ref, exit, expect.stringContaining(says)]);
    }
    expect(existsSync(join(home.path, "outside-Q8_0.gguf"))).toBe(false);
  });
});

describe("the cache that all clients share", () => {
  test("has blobs by checksum, snapshots that link to them, and a ref", async () => {
    await using home = newHome();
    await home.rbee(["model", "download", "org/tiny-GGUF:Q4_K_M"]);
    const repository = join(cacheOf(home), "models--org--tiny-GGUF");
    expect(readdirSync(join(repository, "blobs"))).toEqual([sha256(GGUF)]);
    expect(readlinkSync(join(repository, "snapshots", COMMIT, "tiny-Q4_K_M.gguf"))).toBe(`../../blobs/${sha256(GGUF)}`);
    expect(readFileSync(join(repository, "refs/main"), "utf8")).toBe(COMMIT);
  });

  test("what another client fetched is listed, used offline, and not fetched again", async () => {
    await using home = newHome({ HF_HUB_OFFLINE: "1" });
    const repository = join(cacheOf(home), "models--org--tiny-GGUF");
    for (const directory of ["blobs", `snapshots/${COMMIT}`, "refs"]) mkdirSync(join(repository, directory), { recursive: true });
    copyFileSync(tinyModel, join(repository, "blobs", sha256(GGUF)));
    symlinkSync(`../../blobs/${sha256(GGUF)}`, join(repository, "snapshots", COMMIT, "tiny-Q4_K_M.gguf"));
    writeFileSync(join(repository, "refs/main"), COMMIT);
    const list = await home.rbee(["model", "list"]);
    expect(list.stdout).toContain("org/tiny-GGUF:Q4_K_M");
    const got = await home.rbee(["model", "download", "org/tiny-GGUF"]);
    expect(got).toMatchObject({ code: 0, stderr: expect.stringContaining("in the cache already") });
    const other = await home.rbee(["model", "download", "org/split-GGUF"]);
    expect(other).toMatchObject({ code: 4, stderr: expect.stringContaining("HF_HUB_OFFLINE") });
    expect(hub.requests).toEqual([]);
  });

  test("a token opens what is private and gated", async () => {
    await using home = newHome({ HF_TOKEN: "hf_mine" });
    expect((await home.rbee(["model", "download", "org/private"])).code).toBe(0);
    const gated = await home.rbee(["model", "download", "org/gated"]);
    expect(gated).toMatchObject({ code: 4, stderr: expect.stringContaining(`${hub.url}/org/gated`) });
    await using accepted = newHome({ HF_TOKEN: "hf_accepted" });
    expect((await accepted.rbee(["model", "download", "org/gated"])).code).toBe(0);
    expect(hub.requests.filter(({ host, hasToken }) => host === "cdn" && hasToken)).toEqual([]);
  });

  test("removing a model frees what no other model needs, and says how much", async () => {
    await using home = newHome();
    for (const label of ["Q4_K_M", "Q8_0"]) await home.rbee(["model", "download", `org/tiny-GGUF:${label}`]);
    const removed = await home.rbee(["model", "rm", "tiny-gguf:q4_k_m", "--json"]);
    expect(removed.stdout).toContain(`"freed_bytes":${GGUF.length}`);
    expect(readdirSync(join(cacheOf(home), "models--org--tiny-GGUF/blobs"))).toEqual([sha256(OTHER)]);
    await home.rbee(["model", "rm", "org/tiny-GGUF"]);
    expect(existsSync(join(cacheOf(home), "models--org--tiny-GGUF"))).toBe(false);
    expect((await home.rbee(["model", "ls"])).stdout).toBe("");
  });
});

test("two downloads of one model at once fetch it once, in one hive and in two", async () => {
  const gate = Promise.withResolvers<void>();
  hub.faults.gate = gate.promise;
  await using home = newHome();
  await using other = newHome({ HF_HUB_CACHE: cacheOf(home) });
  const runs = [home, home, other].map(({ rbee }) => rbee(["model", "download", "org/tiny-GGUF:Q8_0"]));
  await until("all have asked for the listing", () => hub.requests.filter(({ path }) => path.includes("/tree/")).length >= 2);
  gate.resolve();
  expect((await Promise.all(runs)).map(({ code }) => code)).toEqual([0, 0, 0]);
  expect(hub.requests.filter(({ host }) => host === "cdn").length).toBe(1);
});

test("a proxy is used for what is outside, and for nothing on this machine", async () => {
  const asked = new Set<string>();
  await using proxy = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    async fetch(request) {
      const { host, pathname, search } = new URL(request.url);
      asked.add(host);
      const answer = await fetch(`${hub.url}${pathname}${search}`, { headers: request.headers, redirect: "manual" });
      return new Response(answer.body, { status: answer.status, headers: answer.headers });
    },
  });
  await using home = newHome({
    HTTP_PROXY: proxy.url.href,
    http_proxy: proxy.url.href,
    NO_PROXY: "",
    no_proxy: "",
    HF_ENDPOINT: "http://hub.test",
  });
  expect(await home.rbee(["model", "download", "org/tiny-GGUF:Q4_K_M"])).toMatchObject({ code: 0 });
  expect([...asked]).toEqual(["hub.test"]);
});

test("nothing that comes for the time of the limit ends the download, and what came is kept", async () => {
  const gate = Promise.withResolvers<void>();
  hub.faults.gate = gate.promise;
  await using home = newHome();
  const got = await home.rbee(["model", "download", "org/tiny-GGUF:Q8_0", "--timeout", "300ms"]);
  expect(got).toMatchObject({ code: 124, stderr: expect.stringContaining("made no progress for 0.3 s") });
  gate.resolve();
});

test("a GGUF file from any address is fetched; show tells header, memory and workers", async () => {
  await using home = newHome();
  await using server = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: () => new Response(GGUF) });
  const got = await home.rbee(["model", "download", `http://127.0.0.1:${server.port}/models/any.gguf?x=1`]);
  expect(got.code).toBe(0);
  expect(lstatSync(got.stdout.trim()).size).toBe(GGUF.length);
  const shown = JSON.parse((await home.rbee(["model", "show", "any", "--json"])).stdout);
  expect(shown).toMatchObject({ id: "any", kept: "downloaded", workers: [], header: { "general.architecture": "llama" } });
  expect(shown.memory.at(-1).bytes).toBeGreaterThan(GGUF.length);
  const at = JSON.parse((await home.rbee(["model", "show", "any", "--context", "1024", "--json"])).stdout);
  expect(at.memory).toEqual([{ context_length: 1024, bytes: expect.any(Number) }]);
  expect(at.memory[0].bytes).toBeLessThan(shown.memory.at(-1).bytes);
  const removed = await home.rbee(["model", "rm", "any", "--json"]);
  expect(removed.stdout).toContain(`"freed_bytes":${GGUF.length}`);
});

test("a local directory is taken in: linked, parts and projector together", async () => {
  await using home = newHome();
  const directory = join(home.path, "mine");
  mkdirSync(directory);
  for (const name of ["a-00001-of-00002.gguf", "a-00002-of-00002.gguf", "mmproj-F16.gguf"]) writeFileSync(join(directory, name), GGUF);
  // What would never end to be read, and what leads nowhere.
  Bun.spawnSync(["mkfifo", join(directory, "b-Q8_0.gguf"), join(home.path, "pipe.gguf")]);
  symlinkSync("nowhere", join(directory, "c-Q8_0.gguf"));
  const pipe = await home.rbee(["model", "download", join(home.path, "pipe.gguf")]);
  expect(pipe).toMatchObject({ code: 4, stderr: expect.stringContaining("neither a file nor a directory") });
  const got = await home.rbee(["model", "download", directory]);
  expect(got).toMatchObject({ code: 0, stderr: expect.stringContaining("Linked") });
  const [model] = JSON.parse((await home.rbee(["model", "ls", "--json"])).stdout).models;
  expect(model).toMatchObject({ id: "mine", kept: "linked" });
  expect(model.files.length).toBe(3);
  expect(realpathSync(model.projector)).toContain("mmproj");
  await home.rbee(["model", "rm", "mine"]);
  expect(readdirSync(directory).length).toBe(5);
});

test("prune removes unfinished downloads that nobody works on, and unused models when asked", async () => {
  await using home = newHome();
  await home.rbee(["model", "download", "org/tiny-GGUF:Q4_K_M"]);
  const blobs = join(cacheOf(home), "models--org--tiny-GGUF/blobs");
  const [old, fresh] = ["old", "fresh"].map((name) => join(blobs, `${name}.rbee-part-download`));
  for (const path of [old!, fresh!]) writeFileSync(path, "half");
  utimesSync(old!, new Date(0), new Date(0));
  const dry = await home.rbee(["model", "prune", "--unused", "0", "--dry-run"]);
  expect(dry.stdout).toBe(`${old}\norg/tiny-GGUF:Q4_K_M\n`);
  expect(existsSync(old!)).toBe(true);
  expect((await home.rbee(["model", "prune"])).stdout).toBe(`${old}\n`);
  expect([existsSync(old!), existsSync(fresh!)]).toEqual([false, true]);
  rmSync(join(blobs, sha256(GGUF)));
  expect((await home.rbee(["model", "prune", "--dry-run"])).stdout).toBe("org/tiny-GGUF:Q4_K_M\n");
  expect((await home.rbee(["model", "prune"])).stdout).toBe("org/tiny-GGUF:Q4_K_M\n");
  expect((await home.rbee(["model", "prune"])).stdout).toBe("");
});

function withTail(bytes: Uint8Array, count: number): Uint8Array {
  const longer = new Uint8Array(bytes.length + count);
  longer.set(bytes);
  return longer;
}

function safetensors(header: object, dataBytes: number): Uint8Array {
  const text = new TextEncoder().encode(JSON.stringify(header));
  const bytes = new Uint8Array(8 + text.length + dataBytes);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(text.length), true);
  bytes.set(text, 8);
  return bytes;
}
