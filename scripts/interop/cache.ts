// The shared cache of models: what one client fetched the other has.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { makeHome, tinyModel } from "../../tests/harness.ts";
import { COMMIT, type HubServer, startHub } from "../../tests/hub-server.ts";
import { type Check, check, expect } from "./check.ts";
import type { Python } from "./venv.ts";

const GGUF = new Uint8Array(readFileSync(tinyModel));
const WORDS = { "[UNK]": 0, hello: 1, bee: 2 };
const TOKENIZER = {
  version: "1.0",
  added_tokens: [],
  pre_tokenizer: { type: "Whitespace" },
  model: { type: "WordLevel", vocab: WORDS, unk_token: "[UNK]" },
};
const repositories = {
  "org/tiny-GGUF": { files: { "README.md": "# tiny", "tiny-Q4_K_M.gguf": GGUF } },
  "org/words": {
    files: {
      "config.json": JSON.stringify({ model_type: "llama", hidden_size: 64, max_position_embeddings: 512 }),
      "tokenizer.json": JSON.stringify(TOKENIZER),
      "tokenizer_config.json": JSON.stringify({ tokenizer_class: "PreTrainedTokenizerFast", unk_token: "[UNK]" }),
      "model.safetensors": safetensors(),
    },
  },
  "org/theirs-GGUF": { files: { "theirs-Q8_0.gguf": Buffer.concat([GGUF, new Uint8Array(64)]) } },
  "org/absent-GGUF": { files: { "absent-Q8_0.gguf": GGUF } },
};

export async function checkCache(python: Python): Promise<Check[]> {
  await using hub = startHub(repositories);
  await using home = makeHome({ HF_ENDPOINT: hub.url, HF_HOME: "", HF_TOKEN: "" });
  const hubHome = join(home.path, "cache/huggingface");
  const env = {
    PATH: process.env.PATH ?? "",
    HOME: home.path,
    HF_ENDPOINT: hub.url,
    HF_HOME: hubHome,
    HF_HUB_DISABLE_TELEMETRY: "1",
    NO_COLOR: "1",
  };
  const hf = (...words: string[]) => python.run(["hf", ...words], env);
  const offline = { ...env, HF_HUB_OFFLINE: "1", HF_ENDPOINT: "http://127.0.0.1:9" };
  const py = (code: string, more = env) => python.run(["python", "-c", code], more);
  const pull = async (ref: string, more: Record<string, string> = {}) => {
    const ran = await home.rbee(["model", "pull", ref], { env: more });
    expect(ran.code === 0, ran.stderr);
  };
  const cached = (repo: string, file: string, more = env) =>
    py(`from huggingface_hub import try_to_load_from_cache as t; print(t(${JSON.stringify(repo)}, ${JSON.stringify(file)}))`, more);
  const steps: (() => Promise<Check>)[] = [
    () =>
      check("rbee", "fetches org/tiny-GGUF and org/words", async () => {
        await pull("org/tiny-GGUF:Q4_K_M");
        await pull("org/words");
      }),
    () => check("hf cache ls", "lists what rbee fetched", async () => expectWords(await hf("cache", "ls"), "org/tiny-GGUF", "org/words")),
    () =>
      check("hf cache verify", "finds every checksum right", async () =>
        expectWords(await hf("cache", "verify", "org/words", "--revision", COMMIT), "erified"),
      ),
    () =>
      check("scan_cache_dir", "has no warning about the cache", async () =>
        expectWords(await py("from huggingface_hub import scan_cache_dir as s; print('warnings', len(s().warnings))"), "warnings 0"),
      ),
    () =>
      check("try_to_load_from_cache", "finds the file that rbee fetched", async () =>
        expectWords(await cached("org/tiny-GGUF", "tiny-Q4_K_M.gguf"), `snapshots/${COMMIT}/tiny-Q4_K_M.gguf`),
      ),
    () =>
      check("hf_hub_download", "needs no network for it (HF_HUB_OFFLINE)", async () =>
        expectWords(
          await py("from huggingface_hub import hf_hub_download as d; print(d('org/tiny-GGUF', 'tiny-Q4_K_M.gguf'))", offline),
          COMMIT,
        ),
      ),
    () =>
      check("transformers", "loads configuration and tokenizer offline", async () => {
        const code =
          "from transformers import AutoConfig, AutoTokenizer as T; print(AutoConfig.from_pretrained('org/words').model_type, T.from_pretrained('org/words')('hello bee')['input_ids'])";
        expectWords(await py(code, offline), "llama [1, 2]");
      }),
    () =>
      check("hf download", "fetches no byte again that rbee fetched", async () => {
        await withoutTransfers(hub, () => hf("download", "org/tiny-GGUF", "tiny-Q4_K_M.gguf"));
      }),
    () => check("hf download", "fetches org/theirs-GGUF", () => hf("download", "org/theirs-GGUF")),
    () =>
      check("rbee model list", "shows it without having been told", async () =>
        expectWords((await home.rbee(["model", "list"])).stdout, "org/theirs-GGUF:Q8_0"),
      ),
    () => check("rbee model pull", "fetches no byte of it again", () => withoutTransfers(hub, () => pull("org/theirs-GGUF:Q8_0"))),
    () =>
      check("rbee model pull", "needs no network for it (HF_HUB_OFFLINE)", async () => {
        await using other = makeHome({ HF_ENDPOINT: "http://127.0.0.1:9", HF_HOME: hubHome, HF_HUB_OFFLINE: "1" });
        const ran = await other.rbee(["model", "pull", "org/theirs-GGUF:Q8_0"]);
        expect(ran.code === 0, ran.stderr);
        const absent = await other.rbee(["model", "pull", "org/absent-GGUF:Q8_0"]);
        expect(absent.code === 4 && absent.stderr.includes("HUB_OFFLINE"), absent.stderr);
      }),
    () =>
      check("rbee model rm", "takes it from hf's cache too", async () => {
        expect((await home.rbee(["model", "rm", "org/theirs-GGUF:Q8_0"])).code === 0, "rm failed");
        expectWords(await cached("org/theirs-GGUF", "theirs-Q8_0.gguf"), "None");
        expect(!(await hf("cache", "ls")).includes("theirs"), "hf still lists it");
      }),
    () =>
      check("hf cache rm", "takes it from rbee's list too", async () => {
        await hf("cache", "rm", "model/org/tiny-GGUF", "--yes");
        const [theirs, ours] = [await hf("cache", "ls"), (await home.rbee(["model", "list"])).stdout].map((text) =>
          text.includes("tiny-GGUF"),
        );
        expect(ours === theirs, `hf lists it: ${theirs}, rbee lists it: ${ours}`);
      }),
  ];
  const checks: Check[] = [];
  for (const step of steps) checks.push(await step());
  return checks;
}

function expectWords(text: string, ...words: string[]): void {
  for (const word of words) expect(text.includes(word), `no "${word}" in: ${text}`);
}

/** Heads may be asked for, bytes may not. */
async function withoutTransfers(hub: HubServer, work: () => Promise<unknown>): Promise<void> {
  hub.requests.length = 0;
  await work();
  const transfers = hub.requests.filter(({ method, path, host }) => method === "GET" && (host === "cdn" || path.includes("/resolve/")));
  expect(transfers.length === 0, transfers);
}

/** One tensor of six zeros. Source: safetensors, Format. */
function safetensors(): Uint8Array {
  const header = new TextEncoder().encode(JSON.stringify({ "model.weight": { dtype: "F32", shape: [2, 3], data_offsets: [0, 24] } }));
  const length = new Uint8Array(8);
  new DataView(length.buffer).setBigUint64(0, BigInt(header.length), true);
  return Buffer.concat([length, header, new Uint8Array(24 + 1_200)]).subarray(0, 8 + header.length + 24);
}
