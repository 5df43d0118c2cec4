// rbee's own rules, each with a recipe that breaks it and one that does not.
import { afterAll, describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { lintFile, lintRecipe } from "../../../lib/pkgbuild/lint.ts";
import { readRecipe } from "../../../lib/pkgbuild/read.ts";
import { root } from "../../harness.ts";
import { makeEntry } from "../../recipes.ts";

const scratch = mkdtempSync(join(tmpdir(), "rbee-lint-test-"));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));
const head = "pkgname=x\npkgver=1\npkgrel=1\narch=(any)\n";

async function problems(text: string): Promise<string[]> {
  const file = join(scratch, "PKGBUILD");
  writeFileSync(file, head + text);
  const recipe = await readRecipe(file, { carch: "x86_64" });
  return lintRecipe(recipe).map((each) => `${each.line}:${each.column} ${each.code} ${each.severity}`);
}

describe("our rules", () => {
  test.each([
    ["a git source without a commit", "source=(git+https://a.org/a)\n", "5:1 unpinned_source warning"],
    ["a git source on a branch", "source=('git+https://a.org/a#branch=x')\n", "5:1 unpinned_source warning"],
    ["a source over http", "source=(http://a.org/a)\nsha256sums=(1)\n", "5:1 http_source warning"],
    ["SKIP on a download", "source=(https://a.org/a)\nsha256sums=(SKIP)\n", "5:1 skipped_sum warning"],
    ["only an MD5 sum", "source=(https://a.org/a)\nmd5sums=(1)\n", "6:1 weak_sums warning"],
    ["an install script", "package() {\n  install=PKGBUILD\n}\n", "6:3 install_script warning"],
    ["sudo in a function", "build() {\n  sudo make\n}\npackage() { :; }\n", "6:3 sudo warning"],
    ["an absolute target in package()", "package() {\n  install -m644 a /usr/share/a\n}\n", "6:19 absolute_path warning"],
  ])("%s is reported with its place", async (_, text, expected) => {
    expect(await problems(text)).toContain(expected);
  });
  test.each([
    ["a pinned git source with SKIP", "source=('git+https://a.org/a#commit=0123')\nsha256sums=(SKIP)\n"],
    ["a local file and a signature", "source=(a.patch https://a.org/a https://a.org/a.sig)\nsha256sums=(SKIP 1 SKIP)\n"],
    ["a target below $pkgdir", 'package() {\n  # sudo\n  install -m644 a "$pkgdir/usr/share/a"\n  ln -s /usr/lib/a "$pkgdir/a"\n}\n'],
  ])("%s is fine", async (_, text) => {
    expect(await problems(text)).toEqual([]);
  });
});

describe("the entry beside a recipe", () => {
  const directory = join(scratch, "entry");
  mkdirSync(directory);
  writeFileSync(join(directory, "PKGBUILD"), `${head}package() { :; }\n`);
  const lint = async (entry: unknown) => {
    writeFileSync(join(directory, "entry.json"), JSON.stringify(entry));
    return (await lintFile(join(directory, "PKGBUILD"))).map(({ code, severity, message }) => `${code} ${severity} ${message}`);
  };
  test("without run is a warning, with run is fine, without its fields is an error", async () => {
    const entry = makeEntry("x");
    expect(await lint(entry)).toEqual(["missing_run warning the entry has no run: the worker cannot be spawned"]);
    expect(await lint({ ...entry, run: { args: [] } })).toEqual([]);
    expect(await lint({ ...entry, id: undefined })).toEqual(["entry_invalid error id: is missing"]);
  });
});

const catalog = join(root, "hive/catalog");
const builtIn = readdirSync(catalog, { withFileTypes: true }).filter((each) => each.isDirectory());

test.each(builtIn.map(({ name }) => name))("the built-in recipe %s has no errors", async (name) => {
  const errors = (await lintFile(join(catalog, name, "PKGBUILD"))).filter(({ severity }) => severity === "error");
  expect(errors).toEqual([]);
});
