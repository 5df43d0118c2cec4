// Reads the header of a GGUF file without believing it. Source: ggml's docs/gguf.md, versions 2 and 3.
import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { fail } from "../errors.ts";

export interface GgufHeader {
  readonly version: number;
  readonly tensorCount: number;
  /** Scalars and texts; of an array only its length, under `<key>.length`. What JSON has no number for is a text. */
  readonly metadata: ReadonlyMap<string, string | number | boolean>;
  /** Sum of all tensors' elements. */
  readonly parameters: number;
  readonly architecture: string | undefined;
  readonly quantization: string | undefined;
  readonly contextLength: number | undefined;
}

const MAX_KEYS = 65_536;
const MAX_TENSORS = 1_000_000;
const MAX_TEXT_BYTES = 16 << 20;
const MAX_ARRAY = 1 << 28;
const MAX_DIMENSIONS = 8;
/** Vocabularies with their merges take some ten MiB; whatever a header claims, no more of it is walked through. */
const MAX_HEADER_BYTES = 256 << 20;
/** Of all texts together so much is kept: chat templates are the longest, some hundred KiB. */
const MAX_KEPT_BYTES = 64 << 20;
/** Bytes of the fixed-size types, by their number in the file. */
const SIZES: Readonly<Record<number, number>> = { 0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8 };
const TEXT = 8;
const ARRAY = 9;

/** llama.cpp's names of `general.file_type`. Source: llama.h, enum llama_ftype. */
const FILE_TYPES: Readonly<Record<number, string>> = {
  0: "F32",
  1: "F16",
  2: "Q4_0",
  3: "Q4_1",
  7: "Q8_0",
  8: "Q5_0",
  9: "Q5_1",
  10: "Q2_K",
  11: "Q3_K_S",
  12: "Q3_K_M",
  13: "Q3_K_L",
  14: "Q4_K_S",
  15: "Q4_K_M",
  16: "Q5_K_S",
  17: "Q5_K_M",
  18: "Q6_K",
  19: "IQ2_XXS",
  20: "IQ2_XS",
  21: "Q2_K_S",
  22: "IQ3_XS",
  23: "IQ3_XXS",
  24: "IQ1_S",
  25: "IQ4_NL",
  26: "IQ3_S",
  27: "IQ3_M",
  28: "IQ2_S",
  29: "IQ2_M",
  30: "IQ4_XS",
  31: "IQ1_M",
  32: "BF16",
  36: "TQ1_0",
  37: "TQ2_0",
  38: "MXFP4_MOE",
};

/** Reads a file's header. @throws MODEL_UNREADABLE saying what is wrong, where the file ends early or claims absurd sizes. */
export function readGguf(path: string): GgufHeader {
  const file = openSync(path, "r");
  try {
    return readHeader(new Reader(file, path));
  } finally {
    closeSync(file);
  }
}

function readHeader(reader: Reader): GgufHeader {
  if (reader.u32() !== 0x46554747) throw reader.unreadable("it does not begin with GGUF");
  const version = reader.u32();
  if (version !== 2 && version !== 3) throw reader.unreadable(`its version ${version} is not 2 or 3`);
  const tensorCount = reader.count(MAX_TENSORS, "tensors");
  const keyCount = reader.count(MAX_KEYS, "keys");
  const metadata = new Map<string, string | number | boolean>();
  for (let index = 0; index < keyCount; index++) {
    const key = reader.text();
    readValue(reader, reader.u32(), key, metadata);
  }
  const parameters = countParameters(reader, tensorCount);
  const architecture = textOf(metadata.get("general.architecture"));
  const fileType = metadata.get("general.file_type");
  const contextLength = metadata.get(`${architecture}.context_length`);
  return {
    version,
    tensorCount,
    metadata,
    parameters,
    architecture,
    quantization: typeof fileType === "number" ? (FILE_TYPES[fileType] ?? `type ${fileType}`) : undefined,
    contextLength: Number.isSafeInteger(contextLength) && Number(contextLength) > 0 ? Number(contextLength) : undefined,
  };
}

function readValue(reader: Reader, type: number, key: string, metadata: Map<string, string | number | boolean>): void {
  if (type === TEXT) metadata.set(key, reader.text());
  else if (type === ARRAY) metadata.set(`${key}.length`, skipArray(reader));
  else metadata.set(key, reader.scalar(type));
}

/** Arrays of arrays are allowed by the format and used by nobody; they are refused. */
function skipArray(reader: Reader): number {
  const type = reader.u32();
  const length = reader.count(MAX_ARRAY, "elements of an array");
  const size = SIZES[type];
  if (size !== undefined) reader.skip(length * size);
  else if (type === TEXT) for (let index = 0; index < length; index++) reader.skip(reader.count(MAX_TEXT_BYTES, "bytes of a text"));
  else throw reader.unreadable(`an array has the unknown type ${type}`);
  return length;
}

function countParameters(reader: Reader, tensorCount: number): number {
  let parameters = 0;
  for (let index = 0; index < tensorCount; index++) {
    reader.skip(reader.count(MAX_TEXT_BYTES, "bytes of a name"));
    const dimensions = reader.u32();
    if (dimensions > MAX_DIMENSIONS) throw reader.unreadable(`a tensor has ${dimensions} dimensions`);
    let elements = 1;
    for (let dimension = 0; dimension < dimensions; dimension++) elements *= reader.count(Number.MAX_SAFE_INTEGER, "elements of a tensor");
    reader.skip(4 + 8);
    parameters += elements;
    if (parameters > Number.MAX_SAFE_INTEGER) throw reader.unreadable("its tensors claim more elements than any model has");
  }
  return parameters;
}

/** A number as JSON can say it, else its digits or its name. */
function exact(value: number | bigint): number | string {
  const number = Number(value);
  const isExact = typeof value === "bigint" ? Number.isSafeInteger(number) : Number.isFinite(number);
  return isExact ? number : String(value);
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

/** Reads a file front to back through one window, little-endian. */
class Reader {
  readonly #file: number;
  readonly #path: string;
  readonly #size: number;
  readonly #window = Buffer.alloc(1 << 16);
  #windowAt = 0;
  #filled = 0;
  #at = 0;
  #keptBytes = 0;

  constructor(file: number, path: string) {
    this.#file = file;
    this.#path = path;
    this.#size = fstatSync(file).size;
  }

  unreadable(reason: string) {
    return fail("MODEL_UNREADABLE", { path: this.#path, reason });
  }

  u32(): number {
    return this.#take(4).readUInt32LE();
  }

  /** A 64-bit number that says how many; refused over its limit. */
  count(limit: number, what: string): number {
    const value = this.#take(8).readBigUInt64LE();
    if (value > BigInt(limit)) throw this.unreadable(`it claims ${value} ${what}`);
    return Number(value);
  }

  text(): string {
    const length = this.count(MAX_TEXT_BYTES, "bytes of a text");
    this.#keptBytes += length;
    if (this.#keptBytes > MAX_KEPT_BYTES) throw this.unreadable(`its texts are longer than ${MAX_KEPT_BYTES >> 20} MiB`);
    if (length <= this.#window.length) return this.#take(length).toString("utf8");
    const from = this.#at;
    this.skip(length);
    const bytes = Buffer.alloc(length);
    readSync(this.#file, bytes, 0, length, from);
    return bytes.toString("utf8");
  }

  scalar(type: number): number | boolean | string {
    const size = SIZES[type];
    if (size === undefined) throw this.unreadable(`a value has the unknown type ${type}`);
    const bytes = this.#take(size);
    switch (type) {
      case 0:
        return bytes.readUInt8();
      case 1:
        return bytes.readInt8();
      case 2:
        return bytes.readUInt16LE();
      case 3:
        return bytes.readInt16LE();
      case 4:
        return bytes.readUInt32LE();
      case 5:
        return bytes.readInt32LE();
      case 6:
        return exact(bytes.readFloatLE());
      case 7:
        return bytes.readUInt8() !== 0;
      case 10:
        return exact(bytes.readBigUInt64LE());
      case 11:
        return exact(bytes.readBigInt64LE());
      default:
        return exact(bytes.readDoubleLE());
    }
  }

  skip(bytes: number): void {
    this.#at += bytes;
    if (this.#at > this.#size) throw this.unreadable("it ends inside its header");
    if (this.#at > MAX_HEADER_BYTES) throw this.unreadable(`its header is longer than ${MAX_HEADER_BYTES >> 20} MiB`);
  }

  #take(length: number): Buffer {
    const from = this.#at;
    this.skip(length);
    if (from < this.#windowAt || from + length > this.#windowAt + this.#filled) {
      this.#windowAt = from;
      this.#filled = readSync(this.#file, this.#window, 0, this.#window.length, from);
    }
    return this.#window.subarray(from - this.#windowAt, from - this.#windowAt + length);
  }
}
