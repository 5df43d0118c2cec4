// A short run of the fuzzer; the long one is scripts/fuzz-recipes.ts.
import { expect, test } from "bun:test";
import { fuzzRecipes } from "../../../scripts/fuzz-recipes.ts";

test("2,000 generated recipes crash nothing, hang nowhere, and leave nothing behind", () => {
  expect(fuzzRecipes(2000, 7_000_000)).toMatchObject({ crashes: [], traces: [] });
}, 60_000);
