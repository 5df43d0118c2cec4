// Headers of model files: a real one, and a great many broken ones.
import { expect, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { readGguf } from "../../lib/model/gguf.ts";
import { fuzzHeaders } from "../../scripts/fuzz-headers.ts";
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

test("fifteen hundred damaged and invented headers are read or refused, never believed; records of what is read can be kept and sent", () => {
  const { faults, read, refusals } = fuzzHeaders(1_500, 42);
  expect(faults).toEqual([]);
  expect(read).toBeGreaterThan(100);
  expect(Object.keys(refusals).length).toBeGreaterThan(12);
});
