// What the static reader looks at on the disk: the recipe's own directory and nothing else.
import { afterAll, describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readRecipe } from "../../../lib/pkgbuild/read.ts";

const scratch = realpathSync(mkdtempSync(join(tmpdir(), "rbee-directory-test-")));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));
const directory = join(scratch, "recipe");
mkdirSync(join(directory, "folder"), { recursive: true });
writeFileSync(join(scratch, "secret"), "pkgdesc=secret\n");
writeFileSync(join(directory, "near"), "pkgdesc=near\n");
symlinkSync("../secret", join(directory, "link"));
symlinkSync("near", join(directory, "inner"));
symlinkSync("nowhere", join(directory, "dangling"));

async function read(line: string) {
  const file = join(directory, "PKGBUILD");
  writeFileSync(file, `pkgname=x\npkgver=1\npkgrel=1\narch=(any)\n${line}\n`);
  const recipe = await readRecipe(file, { how: "static", carch: "x86_64" });
  return recipe.pkgdesc;
}

describe("a recipe may look at its own directory", () => {
  test.each([
    [". ./near", "near"],
    [". ./inner", "near"],
    ['source "$startdir/near"', "near"],
    ["if [[ -f near ]]; then pkgdesc=file; fi", "file"],
    ["if [ -e folder ]; then pkgdesc=there; fi", "there"],
    ["if test -d folder; then pkgdesc=folder; fi", "folder"],
    ["if [[ ! -f folder && ! -f none && ! -e dangling && ! -e '' ]]; then pkgdesc=none; fi", "none"],
  ])("%s", async (line, expected) => {
    expect(await read(line)).toBe(expected);
  });
});

describe("nothing outside it is read statically", () => {
  test.each([
    "source ../secret",
    ". ./folder/../../secret",
    ". ./link",
    "source /etc/os-release",
    "if [[ -f ../secret ]]; then pkgdesc=there; fi",
    "if [[ -e link ]]; then pkgdesc=there; fi",
    "if [ -f /etc/passwd ]; then pkgdesc=there; fi",
    "if [ -d folder/ ]; then pkgdesc=there; fi",
  ])("%s is handed over", (line) => {
    expect(read(line)).rejects.toThrow("is not read statically");
  });
});
