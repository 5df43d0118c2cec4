// Recipes of our own, each with the .SRCINFO that makepkg 6.0.2 printed for it.
import { describe, expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { makepkgProblems } from "../../../lib/pkgbuild/lint.ts";
import { readRecipe } from "../../../lib/pkgbuild/read.ts";
import { srcinfoData, writeSrcinfo } from "../../../lib/pkgbuild/srcinfo.ts";

const root = join(import.meta.dir, "../../fixtures/recipes");
const onlyBash = ["printed", "handed-over", "trap-output"];
const names = readdirSync(root);

async function srcinfo(name: string, how: "static" | "sourced" | "auto"): Promise<string> {
  const recipe = await readRecipe(join(root, name, "PKGBUILD"), { how, carch: "x86_64" });
  expect(makepkgProblems(recipe)).toEqual([]);
  return recipe.printed.before + writeSrcinfo(recipe) + recipe.printed.after;
}

const expected = (name: string) => readFileSync(join(root, name, ".SRCINFO"), "utf8");

describe("a recipe that is read statically", () => {
  test.each(names.filter((name) => !onlyBash.includes(name)))("%s becomes makepkg's .SRCINFO byte for byte", async (name) => {
    expect(await srcinfo(name, "static")).toBe(expected(name));
  });
});

describe.skipIf(process.platform !== "linux" || Bun.which("bash") === null)("a recipe that bash reads in a locked room", () => {
  test.each(names)("%s becomes makepkg's .SRCINFO byte for byte", async (name) => {
    expect(await srcinfo(name, "sourced")).toBe(expected(name));
  });
  test.each(onlyBash)("%s is handed over rather than guessed", async (name) => {
    expect(srcinfo(name, "static")).rejects.toThrow("is not read statically");
    expect(await srcinfo(name, "auto")).toBe(expected(name));
  });
});

test("the data of .SRCINFO tells line and column of every field", async () => {
  const data = srcinfoData(await readRecipe(join(root, "split", "PKGBUILD"), { carch: "x86_64" }));
  expect(data.pkgbase.attributes.find((each) => each.field === "depends_i686")).toEqual({
    field: "depends_i686",
    values: ["old"],
    at: { line: 10, column: 1 },
  });
  expect(data.packages.map((each) => each.name)).toEqual(["split-one", "split-two"]);
  const lines = readFileSync(join(root, "split", "PKGBUILD"), "utf8").split("\n");
  for (const { attributes } of data.packages)
    for (const { field, at } of attributes) expect(lines[(at?.line ?? 0) - 1]?.slice((at?.column ?? 0) - 1)).toStartWith(field);
});
