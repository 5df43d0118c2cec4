// Feeds damaged and invented model files to the readers of headers: node scripts/dev.mjs scripts/fuzz-headers.ts [--count N] [--seed N].
// Nothing may crash, hang or grow; what is read has to be a record that the hive can keep and send, whatever the file claims.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describeModelFiles } from "../hive/model/facts.ts";
import { Model } from "../lib/contract/views.ts";
import { RbeeError } from "../lib/errors.ts";
import { readGguf } from "../lib/model/gguf.ts";
import { memoryNeeded } from "../lib/model/memory.ts";
import { temporaryDirectory, tinyModel } from "../tests/harness.ts";
import { type Dice, dice, numberFlag } from "./chaos/dice.ts";

export interface HeaderFuzz {
  readonly inputs: number;
  /** How many were taken for a model; the others were refused with a reason. */
  readonly read: number;
  /** By reason, without its numbers. */
  readonly refusals: Readonly<Record<string, number>>;
  readonly slowestMs: number;
  readonly peakBytes: number;
  readonly faults: readonly { readonly input: number; readonly error: string }[];
}

type Format = "gguf" | "safetensors";

/** Reads `count` files made from `seed`. */
export function fuzzHeaders(count: number, seed: number): HeaderFuzz {
  using directory = temporaryDirectory("rbee-fuzz");
  const refusals: Record<string, number> = {};
  const faults: { input: number; error: string }[] = [];
  let [read, slowestMs, peakBytes] = [0, 0, 0];
  for (let input = 0; input < count; input++) {
    const { format, bytes } = inventFile(dice(seed + input));
    const path = join(directory.path, `x.${format}`);
    writeFileSync(path, bytes);
    const from = performance.now();
    try {
      readAll(path, format);
      read++;
    } catch (error) {
      const isRefusal = error instanceof RbeeError && error.code === "MODEL_UNREADABLE";
      if (!isRefusal) faults.push({ input: seed + input, error: String((error as Error).stack ?? error) });
      else refusals[reasonOf(error)] = (refusals[reasonOf(error)] ?? 0) + 1;
    }
    slowestMs = Math.max(slowestMs, performance.now() - from);
    if (input % 500 === 0) peakBytes = Math.max(peakBytes, process.memoryUsage.rss());
  }
  return { inputs: count, read, refusals, slowestMs, peakBytes, faults };
}

/** What the hive does with a model's file; a record must come back from JSON as it went. */
function readAll(path: string, format: Format): void {
  const model = describeModelFiles({ id: "x", format, weights: [path], companions: [], source: path, kept: "linked" });
  requireSame(Model.parse(JSON.parse(JSON.stringify(model))), model);
  if (format !== "gguf") return;
  const { metadata } = readGguf(path);
  const header = Object.fromEntries(metadata);
  requireSame(JSON.parse(JSON.stringify(header)), header);
  const need = memoryNeeded(model.size_bytes, model.context_length ?? 4_096, metadata);
  if (!Number.isFinite(need) || need < model.size_bytes) throw new Error(`it would need ${need} bytes`);
}

function requireSame(found: unknown, expected: unknown): void {
  if (!Bun.deepEquals(found, expected)) throw new Error(`JSON changes it: ${JSON.stringify(expected).slice(0, 300)}`);
}

function reasonOf(error: RbeeError): string {
  return error.message.replace(/^.*?: /, "").replace(/\d+/g, "N");
}

const WHOLE = readFileSync(tinyModel).subarray(0, 20_000);

function inventFile(throws: Dice): { format: Format; bytes: Uint8Array } {
  const kind = throws.whole(0, 3);
  if (kind === 0) return { format: "gguf", bytes: damaged(WHOLE, throws) };
  if (kind === 3) return { format: "safetensors", bytes: inventSafetensors(throws) };
  const bytes = inventGguf(throws);
  return { format: "gguf", bytes: kind === 1 ? bytes : damaged(bytes, throws) };
}

/** Cut short, and some bytes of its first ones other than they were. */
function damaged(whole: Uint8Array, throws: Dice): Uint8Array {
  const bytes = Buffer.from(whole.subarray(0, throws.whole(0, whole.length)));
  const end = Math.min(bytes.length, 600) - 1;
  if (end > 0) for (let hits = throws.whole(0, 8); hits > 0; hits--) bytes[throws.whole(0, end)] = throws.whole(0, 255);
  return bytes;
}

/** Counts and lengths that are right, a little wrong, and as wrong as a field can hold. */
function count64(true_: number, throws: Dice): bigint {
  if (throws.next() < 0.95) return BigInt(true_);
  return throws.pick([0n, BigInt(true_) + 1n, 65_536n, 1n << 31n, 1n << 53n, (1n << 63n) - 1n, (1n << 64n) - 1n]);
}

const KEYS = ["general.architecture", "general.file_type", "general.type", "llama.context_length", "llama.block_count"];
const MORE_KEYS = [
  "llama.embedding_length",
  "llama.attention.head_count",
  "llama.attention.head_count_kv",
  "tokenizer.ggml.tokens",
  "__proto__",
  "",
];

function inventGguf(throws: Dice): Uint8Array {
  const parts: Uint8Array[] = [Buffer.from("GGUF"), u32(throws.pick([2, 3, 3, 3, 3, 3, 3, 1]))];
  const tensors = throws.whole(0, 4);
  const keys = throws.whole(0, 8);
  parts.push(u64(count64(tensors, throws)), u64(count64(keys, throws)));
  for (let key = 0; key < keys; key++) parts.push(text(throws.pick([...KEYS, ...MORE_KEYS]), throws), value(throws, 0));
  for (let tensor = 0; tensor < tensors; tensor++) parts.push(inventTensor(throws));
  return Buffer.concat(parts);
}

function value(throws: Dice, depth: number): Uint8Array {
  const type = throws.pick([0, 1, 2, 3, 4, 4, 4, 5, 6, 7, 8, 8, 8, 9, 10, 10, 11, 12, throws.whole(0, 2 ** 32 - 1)]);
  return Buffer.concat([u32(type), payload(type, throws, depth)]);
}

function payload(type: number, throws: Dice, depth: number): Uint8Array {
  if (type === 8) return text(throws.pick(["llama", "adapter", "model", "\0", "é\u{1f41d}", "x".repeat(70_000)]), throws);
  if (type !== 9)
    return Uint8Array.from({ length: [0, 1, 7].includes(type) ? 1 : [2, 3].includes(type) ? 2 : type > 9 ? 8 : 4 }, () =>
      throws.pick([0, 1, 127, 255]),
    );
  const of = depth > 20 ? 0 : throws.pick([0, 4, 8, 8, 9]);
  const length = throws.whole(0, 5);
  const elements = Array.from({ length }, () => payload(of, throws, depth + 1));
  return Buffer.concat([u32(of), u64(count64(length, throws)), ...elements]);
}

function inventTensor(throws: Dice): Uint8Array {
  const dimensions = throws.whole(0, 4);
  const sizes = Array.from({ length: dimensions }, () => u64(count64(throws.whole(1, 4_096), throws)));
  const claimed = throws.next() < 0.97 ? dimensions : throws.whole(0, 2 ** 32 - 1);
  return Buffer.concat([text("blk.0.weight", throws), u32(claimed), ...sizes, u32(0), u64(0n)]);
}

/** A header of JSON: sound, of odd values, nested too deep, or cut off. */
function inventSafetensors(throws: Dice): Uint8Array {
  const size = () => throws.pick<unknown>([1, 4_096, 0, -1, 1.5, 2 ** 53, 1e308, "4", null]);
  const tensor = () => ({ dtype: throws.pick<unknown>(["F32", "BF16", "", 7, "x".repeat(50)]), shape: [size(), 2], data_offsets: [0, 8] });
  const header = throws.pick<() => string>([
    () => JSON.stringify({ weight: tensor(), __metadata__: { format: "pt" }, other: tensor() }),
    () => `{"__proto__":${JSON.stringify(tensor())}}`,
    () => "[".repeat(throws.whole(0, 100_000)),
    () => JSON.stringify(throws.pick<unknown>([null, [], 1, "x", {}, { weight: null }])),
  ])();
  const bytes = Buffer.concat([u64(count64(Buffer.byteLength(header), throws)), Buffer.from(header)]);
  return throws.next() < 0.9 ? bytes : bytes.subarray(0, throws.whole(0, bytes.length));
}

function text(words: string, throws: Dice): Uint8Array {
  const bytes = Buffer.from(words);
  return Buffer.concat([u64(count64(bytes.length, throws)), bytes]);
}

function u32(value: number): Uint8Array {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

function u64(value: bigint): Uint8Array {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(value);
  return bytes;
}

if (import.meta.main) {
  const report = fuzzHeaders(numberFlag("count", 100_000), numberFlag("seed", 1));
  for (const { input, error } of report.faults.slice(0, 10)) console.log(`input ${input}: ${error}`);
  for (const [reason, count] of Object.entries(report.refusals).sort(([, a], [, b]) => b - a)) console.log(`${count} refused: ${reason}`);
  const { inputs, read, slowestMs, peakBytes, faults } = report;
  console.log(
    `${inputs} inputs, ${read} read, ${faults.length} faults, slowest ${slowestMs.toFixed(0)} ms, peak ${Math.round(peakBytes / 2 ** 20)} MiB`,
  );
  if (faults.length > 0) process.exit(1);
}
