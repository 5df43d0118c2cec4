// Headers of GGUF files: a real one, and a great many broken ones.
import { expect, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { RbeeError } from "../../lib/errors.ts";
import { readGguf } from "../../lib/model/gguf.ts";
import { temporaryDirectory, tinyModel } from "../harness.ts";

test("a real header is read", () => {
  expect(readGguf(tinyModel)).toMatchObject({ version: 3, architecture: "llama", contextLength: 2048, parameters: 292_800 });
});

test("a file that is no model, or ends early, says so", () => {
  using directory = temporaryDirectory();
  const path = join(directory.path, "x.gguf");
  writeFileSync(path, "not a model at all");
  expect(() => readGguf(path)).toThrow("it does not begin with GGUF");
  writeFileSync(path, readFileSync(tinyModel).subarray(0, 5_000));
  expect(() => readGguf(path)).toThrow("it ends inside its header");
});

test("two thousand headers with random damage are read or refused, never believed", () => {
  using directory = temporaryDirectory();
  const path = join(directory.path, "x.gguf");
  const whole = readFileSync(tinyModel).subarray(0, 20_000);
  let seed = 42;
  const random = (limit: number) => {
    seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
    return seed % limit;
  };
  let refused = 0;
  for (let round = 0; round < 2_000; round++) {
    const bytes = Buffer.from(whole.subarray(0, 24 + random(whole.length - 24)));
    for (let hit = 0; hit <= random(8); hit++) bytes[random(Math.min(bytes.length, 600))] = random(256);
    writeFileSync(path, bytes);
    try {
      readGguf(path);
    } catch (error) {
      expect(error).toBeInstanceOf(RbeeError);
      refused++;
    }
  }
  expect(refused).toBeGreaterThan(1_000);
});
