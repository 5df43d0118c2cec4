// What a model in safetensors says of itself: its header and its config.json, read without believing them.
// Source: safetensors' README (format); transformers' config.json.
import { closeSync, openSync, readFileSync, readSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { z } from "zod";
import { fail } from "../errors.ts";

export interface SafetensorsFacts {
  readonly parameters: number;
  readonly architecture: string | undefined;
  /** The type that most weights have: `BF16`. */
  readonly type: string | undefined;
  readonly contextLength: number | undefined;
}

/** The format's own limit on a header. */
const MAX_HEADER_BYTES = 100_000_000;
const MAX_CONFIG_BYTES = 4 << 20;

const Tensor = z.object({ dtype: z.string().max(20), shape: z.array(z.number().int().min(0)).max(16) });
const Header = z.record(z.string(), z.unknown());
const Config = z.looseObject({
  model_type: z.string().max(100).optional(),
  max_position_embeddings: z.number().int().positive().optional(),
});

/** Reads the weights' headers and the config.json beside the first of them. @throws MODEL_UNREADABLE. */
export function readSafetensors(paths: readonly string[]): SafetensorsFacts {
  const types = new Map<string, number>();
  for (const path of paths) countTensors(path, types);
  const config = readConfig(join(dirname(paths[0]!), "config.json"));
  const most = [...types].sort(([, a], [, b]) => b - a)[0]?.[0];
  return {
    parameters: [...types.values()].reduce((sum, count) => sum + count, 0),
    architecture: config?.model_type,
    type: most,
    contextLength: config?.max_position_embeddings,
  };
}

function countTensors(path: string, types: Map<string, number>): void {
  for (const [name, value] of Object.entries(readHeader(path))) {
    if (name === "__metadata__") continue;
    const tensor = Tensor.safeParse(value);
    if (!tensor.success) throw fail("MODEL_UNREADABLE", { path, reason: "its header describes what is no tensor" });
    const { dtype, shape } = tensor.data;
    const elements = (types.get(dtype) ?? 0) + shape.reduce((product, size) => product * size, 1);
    if (elements > Number.MAX_SAFE_INTEGER)
      throw fail("MODEL_UNREADABLE", { path, reason: "its tensors claim more elements than any model has" });
    types.set(dtype, elements);
  }
}

function readHeader(path: string): Record<string, unknown> {
  const size = statSync(path).size;
  const file = openSync(path, "r");
  try {
    const head = Buffer.alloc(8);
    if (readSync(file, head, 0, 8, 0) < 8) throw fail("MODEL_UNREADABLE", { path, reason: "it ends inside its header" });
    const length = head.readBigUInt64LE();
    if (length > BigInt(Math.min(MAX_HEADER_BYTES, size - 8)))
      throw fail("MODEL_UNREADABLE", { path, reason: `it claims a header of ${length} bytes` });
    const bytes = Buffer.alloc(Number(length));
    readSync(file, bytes, 0, bytes.length, 8);
    return parseHeader(bytes.toString("utf8"), path);
  } finally {
    closeSync(file);
  }
}

function parseHeader(text: string, path: string): Record<string, unknown> {
  try {
    return Header.parse(JSON.parse(text));
  } catch (error) {
    throw fail("MODEL_UNREADABLE", { path, reason: "its header is not JSON" }, { cause: error });
  }
}

/** A model without a readable config.json still has its weights. */
function readConfig(path: string): z.infer<typeof Config> | undefined {
  try {
    if (statSync(path).size > MAX_CONFIG_BYTES) return undefined;
    return Config.safeParse(JSON.parse(readFileSync(path, "utf8"))).data;
  } catch {
    return undefined;
  }
}
