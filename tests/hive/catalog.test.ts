// The built-in catalog: every entry whole, pinned, named to run, and honest about where it was run.
import { describe, expect, test } from "bun:test";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { Entry } from "../../lib/contract/entry.ts";
import { hashFile } from "../../lib/hash.ts";
import { lintFile } from "../../lib/pkgbuild/lint.ts";
import { readRecipe } from "../../lib/pkgbuild/read.ts";
import { parseSource } from "../../lib/pkgbuild/source.ts";
import { root } from "../harness.ts";

const catalog = join(root, "hive/catalog");
const ids = readdirSync(catalog, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name);
const SLOTS = ["model", "model_dir", "model_file", "model_id", "projector", "host", "port", "token", "device"];

describe.each(ids)("%s", (id) => {
  test("its entry, its recipe and its files agree", async () => {
    const entry = Entry.parse(await Bun.file(join(catalog, id, "entry.json")).json());
    const recipe = await readRecipe(join(catalog, id, "PKGBUILD"), {});
    expect({ id: entry.id, binary: entry.binary_name, version: entry.version }).toEqual({ id, binary: id, version: recipe.pkgver! });
    expect([...recipe.depends].sort()).toEqual([...entry.depends].sort());
    expect([...recipe.makedepends].sort()).toEqual([...entry.makedepends].sort());
    expect([...recipe.arch].sort()).toEqual([...entry.architectures].sort());
    expect(entry.run?.args.join(" ")).toContain("{port}");
    const used = [...JSON.stringify(entry.run).matchAll(/\{(\w+)\}/g)].map(([, name]) => name!);
    expect(used.filter((name) => !SLOTS.includes(name))).toEqual([]);
  });

  test("lint, which has makepkg's rules and ours, has nothing to say", async () => {
    expect(await lintFile(join(catalog, id, "PKGBUILD"))).toEqual([]);
  });

  test("what it fetches is pinned by commit or checksum", async () => {
    const recipe = await readRecipe(join(catalog, id, "PKGBUILD"), {});
    for (const [index, written] of recipe.source.entries()) {
      const source = parseSource(written);
      if (source.kind === "git") expect(written).toMatch(/#commit=[0-9a-f]{40}$/);
      else {
        const path = join(catalog, id, source.name);
        expect(existsSync(path)).toBe(true);
        expect(recipe.checksums.find(({ algo }) => algo === "sha256")?.sums[index]).toBe(await hashFile(path));
      }
    }
  });
});
