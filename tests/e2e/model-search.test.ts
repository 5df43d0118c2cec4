// Models that are not here yet: found by words, with what each needs of this machine; and a Hub that does not answer, or answers nonsense.
import { afterAll, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { makeHome, tinyModel } from "../harness.ts";
import { startHub } from "../hub-server.ts";

const GGUF = new Uint8Array(readFileSync(tinyModel));
const hub = startHub({
  "org/tiny-GGUF": { files: { "tiny-Q4_K_M.gguf": GGUF, "tiny-Q8_0.gguf": withTail(GGUF, 4096), "tiny-F16.gguf": withTail(GGUF, 9000) } },
  "org/twins-GGUF": { files: { "a/x-Q8_0.gguf": GGUF, "b/x-Q8_0.gguf": GGUF, "mmproj-F16.gguf": withTail(GGUF, 64) } },
  "org/gated-tiny": { gated: true, files: { "x-Q8_0.gguf": GGUF } },
  "org/weights-tiny": { files: { "config.json": "{}", "model.safetensors": "x" } },
});
afterAll(() => hub[Symbol.asyncDispose]());

const newHome = (env: Record<string, string> = {}) => makeHome({ HF_ENDPOINT: hub.url, HF_HOME: "", HF_TOKEN: "", ...env });

function withTail(bytes: Uint8Array, length: number): Uint8Array {
  return Buffer.concat([bytes, new Uint8Array(length)]);
}

test("a search finds GGUF repositories by their words, says which are gated, and can look at all formats", async () => {
  await using home = newHome();
  const found = JSON.parse((await home.rbee(["model", "search", "tiny", "--json"])).stdout);
  expect(found.models.map(({ repo, gated }: { repo: string; gated: boolean }) => [repo, gated])).toEqual([
    ["org/tiny-GGUF", false],
    ["org/gated-tiny", true],
  ]);
  const shown = await home.rbee(["model", "search", "TINY gguf"]);
  expect(shown.stdout).toMatch(/org\/tiny-GGUF +1\.2M +89 +2025-01-01/);
  const all = JSON.parse((await home.rbee(["model", "search", "weights", "--any-format", "--json"])).stdout);
  expect(all.models).toHaveLength(1);
  const none = await home.rbee(["model", "search", "nothing like this"]);
  expect([none.code, none.stdout]).toEqual([0, ""]);
  expect(none.stderr).toContain("is called so");
});

test("each variant of a repository has its size, what it needs, whether it fits, and the reference that fetches it", async () => {
  await using home = newHome();
  const ask = async (repo: string) => JSON.parse((await home.rbee(["model", "variants", repo, "--json"])).stdout);
  const { variants, memory_bytes } = await ask("org/tiny-GGUF");
  expect(memory_bytes).toBeGreaterThan(2 ** 28);
  expect(variants.map(({ name, ref, chosen, fits, here }: Record<string, unknown>) => [name, ref, chosen, fits, here])).toEqual([
    ["Q4_K_M", "org/tiny-GGUF:Q4_K_M", false, true, false],
    ["Q8_0", "org/tiny-GGUF:Q8_0", true, true, false],
    ["F16", "org/tiny-GGUF:F16", false, true, false],
  ]);
  expect(variants[0].needs_bytes).toBeGreaterThan(variants[0].size_bytes);
  expect((await home.rbee(["model", "download", variants[0].ref])).code).toBe(0);
  expect((await ask("org/tiny-GGUF")).variants[0].here).toBe(true);

  const twins = await ask("org/twins-GGUF");
  expect(twins.variants.map(({ ref }: { ref: string }) => ref)).toEqual(["org/twins-GGUF/a/x-Q8_0.gguf", "org/twins-GGUF/b/x-Q8_0.gguf"]);
  expect(twins.variants[0].size_bytes).toBe(GGUF.length * 2 + 64);
});

test("a Hub that is away, forbidden or broken is told as that", async () => {
  await using home = newHome();
  const codeOf = async (env: Record<string, string>, ...args: string[]) => {
    await using other = newHome(env);
    const { code, stdout } = await other.rbee(["model", ...args, "--json"]);
    const lines = stdout.trim().split("\n");
    return [code, JSON.parse(lines.at(-1)!).error?.code];
  };
  expect(await codeOf({ HF_ENDPOINT: "http://127.0.0.1:9" }, "search", "x")).toEqual([1, "SOURCE_UNAVAILABLE"]);
  expect(await codeOf({ HF_HUB_OFFLINE: "1" }, "search", "x")).toEqual([4, "HUB_OFFLINE"]);
  expect(await codeOf({ HF_HUB_OFFLINE: "1" }, "variants", "org/tiny-GGUF")).toEqual([4, "HUB_OFFLINE"]);
  await using strange = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: () => Response.json([{ id: "../../etc", lastModified: "x" }]) });
  expect(await codeOf({ HF_ENDPOINT: strange.url.origin }, "search", "x")).toEqual([1, "SOURCE_UNAVAILABLE"]);
  await using page = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: () => new Response("<html>") });
  expect(await codeOf({ HF_ENDPOINT: page.url.origin }, "search", "x")).toEqual([1, "SOURCE_UNAVAILABLE"]);
  expect((await home.rbee(["model", "search", ""])).code).toBe(2);
  expect((await home.rbee(["model", "variants", "no/such"])).code).toBe(3);
});
