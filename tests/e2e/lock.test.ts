// rbee.lock from end to end: written, obeyed, and every difference told.
import { afterAll, expect, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { LockFile } from "../../lib/contract/lock.ts";
import { type Home, makeHome, tinyModel } from "../harness.ts";
import { COMMIT, sha256, startHub } from "../hub-server.ts";
import { type RecipeParts, writeRecipe } from "../recipes.ts";

const GGUF = new Uint8Array(readFileSync(tinyModel));
const hub = startHub({
  "org/tiny-GGUF": { files: { "tiny-Q4_K_M.gguf": GGUF, "tiny-Q8_0.gguf": Buffer.concat([GGUF, new Uint8Array(64)]) } },
});
afterAll(() => hub[Symbol.asyncDispose]());

const DATA: RecipeParts = {
  files: { "data.txt": "hello\n" },
  more: "source=('data.txt')\nsha256sums=('5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03')",
};
const OTHER: RecipeParts = {
  files: { "data.txt": "one\n" },
  more: "source=('data.txt')\nsha256sums=('2c8b08da5ce60398e1f19af0e5dccc744df274b826abe585eaba68c525434806')",
};

function newHome(): Home {
  const home = makeHome({ HF_ENDPOINT: hub.url, HF_HOME: "", HF_TOKEN: "" });
  home.env.RBEE_CATALOG = join(home.path, "catalog");
  writeRecipe(home.env.RBEE_CATALOG, "kept", DATA);
  return home;
}
const recipe = (home: Home, parts: RecipeParts) => writeRecipe(home.env.RBEE_CATALOG!, "kept", parts);
const lockOf = (home: Home) => JSON.parse(readFileSync(join(home.path, "rbee.lock"), "utf8")) as LockFile;

test("a lock holds entry, recipe, sums, version and model digests; what is as locked installs, without a name all of it", async () => {
  await using home = newHome();
  expect(await home.rbee(["model", "pull", "org/tiny-GGUF:Q4_K_M"])).toMatchObject({ code: 0 });
  expect(await home.rbee(["worker", "lock", "kept", "llama-node-cpu", "--model", "org/tiny-GGUF:Q4_K_M"])).toMatchObject({
    code: 0,
    stdout: `${join(home.path, "rbee.lock")}\n`,
    stderr: expect.stringContaining("Locked: 2 workers, 1 model"),
  });
  const lock = lockOf(home);
  const hex = expect.stringMatching(/^[0-9a-f]{64}$/);
  expect(lock.workers.kept).toEqual({
    version: "1.0.0",
    entry: hex,
    recipe: hex,
    sources: { "data.txt": ["sha256:5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03"] },
  });
  expect(lock.workers["llama-node-cpu"]?.origin).toBe("built-in");
  expect(lock.models).toEqual({
    "org/tiny-GGUF:Q4_K_M": { source: "org/tiny-GGUF:Q4_K_M", commit: COMMIT, files: { "tiny-Q4_K_M.gguf": sha256(GGUF) } },
  });
  writeFileSync(join(home.path, "own.lock"), JSON.stringify({ ...lock, workers: { kept: lock.workers.kept } }));
  const all = await home.rbee(["worker", "download", "--locked", "--lock-file", "own.lock", "--yes"]);
  expect(all).toMatchObject({ code: 0, stdout: expect.stringContaining("/bin/kept") });
  await home.rbee(["model", "rm", "org/tiny-GGUF:Q4_K_M"]);
  expect(await home.rbee(["model", "download", "--locked"])).toMatchObject({ code: 0, stdout: expect.stringContaining(COMMIT) });
}, 30_000);

const CHANGES: readonly [change: RecipeParts, words: string][] = [
  [{ ...DATA, entry: { version: "1.0.1" } }, "version 1.0.0 is now 1.0.1"],
  [OTHER, "source data.txt was sha256:5891b5b5"],
  [{ ...DATA, more: `${DATA.more}\nsource+=('git+https://x.test/r#tag=v1')\nsha256sums+=(SKIP)` }, "v1 is new"],
  [{ ...DATA, build: "echo other" }, "its PKGBUILD or a file beside it changed"],
  [{ ...DATA, entry: { description: "Other words" } }, "its entry changed"],
];

test("whatever changed since is refused and named: LOCK_MISMATCH, exit 6; --force does not help, a new lock does", async () => {
  await using home = newHome();
  expect(await home.rbee(["worker", "lock", "kept"])).toMatchObject({ code: 0 });
  for (const [change, words] of CHANGES) {
    recipe(home, change);
    const ran = await home.rbee(["worker", "download", "kept", "--locked", "--yes", "--force"]);
    for (const part of [words, "code: LOCK_MISMATCH"]) expect([ran.code, ran.stderr]).toEqual([6, expect.stringContaining(part)]);
  }
  expect((await home.rbee(["worker", "list"])).stdout).toBe("");
  expect(await home.rbee(["worker", "lock", "kept"])).toMatchObject({ code: 0 });
  expect(await home.rbee(["worker", "download", "kept", "--locked", "--yes"])).toMatchObject({ code: 0 });
}, 30_000);

test("a lock of a source that nothing pins says so", async () => {
  await using home = newHome();
  recipe(home, { more: "source=('git+https://x.test/r#tag=v1')\nsha256sums=(SKIP)" });
  const ran = await home.rbee(["worker", "lock", "kept"]);
  expect(ran).toMatchObject({ code: 0, stderr: expect.stringContaining("nothing pins git+https://x.test/r#tag=v1") });
});

test("a model that became another one on the Hub is refused before a byte of it is fetched", async () => {
  await using home = newHome();
  const name = "org/tiny-GGUF:Q8_0";
  await home.rbee(["model", "pull", name]);
  await home.rbee(["worker", "lock", "--model", name]);
  await home.rbee(["model", "rm", name]);
  const path = join(home.path, "rbee.lock");
  writeFileSync(path, readFileSync(path, "utf8").replace(/"tiny-Q8_0.gguf": "[0-9a-f]{8}/, '"tiny-Q8_0.gguf": "00000000'));
  hub.requests.length = 0;
  const ran = await home.rbee(["model", "download", name, "--locked"]);
  expect(ran).toMatchObject({ code: 6, stderr: expect.stringContaining("file tiny-Q8_0.gguf was 00000000") });
  expect(hub.requests.filter(({ path }) => path.includes("/resolve/"))).toEqual([]);
});

test("a local file is as locked where it is here; where it is not, the path is asked for; another file is refused", async () => {
  await using home = newHome();
  const download = (...more: string[]) => home.rbee(["model", "download", ...more, "--locked"]);
  await home.rbee(["model", "download", tinyModel]);
  await home.rbee(["worker", "lock", "--model", "stories260K"]);
  expect(await download()).toMatchObject({ code: 0 });
  await home.rbee(["model", "rm", "stories260K"]);
  expect(await download()).toMatchObject({ code: 3, stderr: expect.stringContaining("rbee model download PATH --locked") });
  expect(await download(tinyModel)).toMatchObject({ code: 0 });
  const other = join(home.path, "stories260K.gguf");
  writeFileSync(other, Buffer.concat([readFileSync(tinyModel), new Uint8Array(8)]));
  await home.rbee(["model", "rm", "stories260K"]);
  expect(await download(other)).toMatchObject({ code: 6, stderr: expect.stringContaining("LOCK_MISMATCH") });
  expect((await home.rbee(["model", "ls"])).stdout).toBe("");
});

test("what a lock does not hold, a lock that is not there, a hostile and a newer one: exits 3, 3, 6, 4; nothing is sent", async () => {
  await using home = newHome();
  const install = (...more: string[]) => home.rbee(["worker", "download", ...more, "--locked", "--yes"]);
  expect(await install("kept")).toMatchObject({ code: 3, stderr: expect.stringContaining("rbee worker lock") });
  expect(await home.rbee(["worker", "download", "--yes"])).toMatchObject({ code: 2, stderr: expect.stringContaining("<id> is missing") });
  const write = (lock: object) => writeFileSync(join(home.path, "rbee.lock"), JSON.stringify(lock));
  write({ lock_version: 1, workers: {}, models: {} });
  expect(await install("kept")).toMatchObject({ code: 3, stderr: expect.stringContaining("rbee worker lock kept") });
  expect(await install("constructor")).toMatchObject({ code: 3 });
  write({ lock_version: 1, workers: { kept: {} }, models: {} });
  expect(await install("kept")).toMatchObject({ code: 6, stderr: expect.stringContaining("LOCK_INVALID") });
  write({ lock_version: 7 });
  expect(await install("kept")).toMatchObject({ code: 4, stderr: expect.stringContaining("STATE_NEWER") });
  // A file that cannot be read is not written over.
  expect(await home.rbee(["worker", "lock"])).toMatchObject({ code: 4 });
  expect(lockOf(home) as unknown).toEqual({ lock_version: 7 });
});

test("with --offline a locked model comes from the cache, and one that is not there is named", async () => {
  await using home = newHome();
  const name = "org/tiny-GGUF:Q4_K_M";
  expect(await home.rbee(["model", "pull", name, "--offline"])).toMatchObject({ code: 4, stderr: expect.stringContaining("HUB_OFFLINE") });
  await home.rbee(["model", "pull", name]);
  await home.rbee(["worker", "lock", "--model", name]);
  hub.requests.length = 0;
  expect(await home.rbee(["model", "pull", name, "--locked", "--offline"])).toMatchObject({ code: 0 });
  expect(hub.requests).toEqual([]);
});
