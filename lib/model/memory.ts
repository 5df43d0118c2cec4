// How much memory a model needs at a context length: its weights, the keys and values of every token, room to compute.
import type { GgufHeader } from "./gguf.ts";

/** Keys and values are kept in half precision. */
const VALUE_BYTES = 2;
/** Buffers of one computation. */
const COMPUTE_BYTES = 128 << 20;
const COMPUTE_SHARE = 0.03;

/** A header that claims more layers, heads or widths is not believed. */
const MOST = 1 << 24;

/** Bytes; without a header's facts (not every architecture writes them) a tenth of the weights stands for each 8,192 tokens. */
export function memoryNeeded(weightBytes: number, contextLength: number, metadata: GgufHeader["metadata"] = new Map()): number {
  const compute = COMPUTE_BYTES + weightBytes * COMPUTE_SHARE;
  return Math.round(weightBytes + (tokenBytes(metadata) ?? (weightBytes * 0.1) / 8192) * contextLength + compute);
}

/** Bytes of one token's keys and values in all layers. Source: ggml's docs/gguf.md, "LLM". */
function tokenBytes(metadata: GgufHeader["metadata"]): number | undefined {
  const architecture = metadata.get("general.architecture");
  const number = (key: string) => {
    const value = metadata.get(`${architecture}.${key}`);
    return typeof value === "number" && value > 0 && value <= MOST ? value : undefined;
  };
  const layers = number("block_count");
  const heads = number("attention.head_count");
  const width = number("embedding_length");
  if (!layers || !heads || !width) return undefined;
  const keyLength = number("attention.key_length") ?? width / heads;
  const valueLength = number("attention.value_length") ?? width / heads;
  return layers * (number("attention.head_count_kv") ?? heads) * (keyLength + valueLength) * VALUE_BYTES;
}
