// What readRecipe gives for good recipes and how it refuses bad and hostile ones.
import { afterAll, describe, expect, test } from "bun:test";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { RbeeError } from "../../../lib/errors.ts";
import { makepkgProblems } from "../../../lib/pkgbuild/lint.ts";
import { maxRecipeBytes, type ReadOptions, readRecipe } from "../../../lib/pkgbuild/read.ts";

const scratch = mkdtempSync(join(tmpdir(), "rbee-read-test-"));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));
const head = "pkgname=x\npkgver=1\npkgrel=1\narch=(any)\n";

async function read(text: string, options: ReadOptions = {}) {
  const file = join(scratch, "PKGBUILD");
  writeFileSync(file, text);
  return await readRecipe(file, { carch: "x86_64", ...options });
}

async function refusal(text: string, options: ReadOptions = {}): Promise<{ code: string; message: string }> {
  const thrown = await read(text, options).then(
    () => undefined,
    (error: unknown) => error,
  );
  expect(thrown).toBeInstanceOf(RbeeError);
  return { code: (thrown as RbeeError).code, message: (thrown as RbeeError).message };
}

describe("a recipe", () => {
  test("has its sources and sums merged for the architecture, sums aligned with sources", async () => {
    const recipe = await read(
      `${head}source=(a b)\nsource_x86_64=(c)\nsource_aarch64=(d)\nsha256sums=(1 2)\nsha256sums_x86_64=(3)\ncksums=(9)\n`,
    );
    expect(recipe.source).toEqual(["a", "b", "c"]);
    expect(recipe.sourceFor("aarch64")).toEqual(["a", "b", "d"]);
    expect(recipe.checksums).toEqual([
      { algo: "cksums", sums: ["9", "", ""] },
      { algo: "sha256", sums: ["1", "2", "3"] },
    ]);
  });
  test("tells where its fields and functions stand", async () => {
    const recipe = await read(`${head}  depends=(a)\nbuild() {\n  :\n}\n`);
    expect(recipe.positions.depends).toEqual({ line: 5, column: 3 });
    expect(recipe.positions.build).toEqual({ line: 6, column: 1 });
    expect(recipe.functions).toEqual(["build"]);
  });
  test("tells what each of its packages sets anew", async () => {
    const recipe = await read(`pkgname=(a b)\npkgver=1\npkgrel=1\narch=(any)\npackage_a() {\n  depends=(z)\n}\npackage_b() { :; }\n`);
    expect(recipe.packages).toEqual([
      { name: "a", overrides: { depends: ["z"] }, positions: { depends: { line: 6, column: 3 } } },
      { name: "b", overrides: {}, positions: {} },
    ]);
  });
  test("sees the architecture that was asked for", async () => {
    const recipe = await read(`${head}[[ $CARCH = aarch64 ]] && depends=(arm)\n`, { carch: "aarch64" });
    expect(recipe.depends).toEqual(["arm"]);
  });
});

describe("what bash reads in a way of its own is handed over", () => {
  test.each([
    ["braces behind a subscript", "epoch=([0]={a,b})\n"],
    ["a name that braces make longer", "depends=($pkgver{a,b})\n"],
    ["a negative subscript of a string", "pkgdesc=${pkgrel[-1]}\n"],
    ["a list in IFS", "IFS[1]=x\n"],
    ["$'' in a list in a substitution", "pkgdesc=$(_x=($'\\''); echo a)\n"],
    ["a test without its operand", "[[ -n && a ]] || pkgdesc=x\n"],
    ["an ampersand in a regular expression", "[[ a =~ b& ]] && pkgdesc=x\n"],
    ["unset names under set -u", "set -u\ndepends=($_none)\n"],
    ["set -u without its end", "set -u\n"],
    ["a backslash in quotes within quotes", 'pkgdesc="${_x-"\\\\1"}"\n'],
    ["arithmetic as it was once written", "pkgrel=$[1 + 1]\n"],
    ["a slice that says nothing", "pkgdesc=${pkgver:}\n"],
    ["what a program prints into a package's own field", "package_x() {\npkgdesc=$(printf '%s' ?)\n}\n"],
    ["a subshell that ends on the line of a package's own field", "package_x() {\n(:\ndepends+=(a))\n}\n"],
    ["many keys that are not ASCII", "declare -A m=([é]=1 [ö]=2)\ndepends=(${m[@]})\n"],
  ])("%s", async (_, text) => {
    expect((await refusal(head + text, { how: "static" })).message).toContain("is not read statically");
  });
});

describe("a recipe that is no bash", () => {
  test.each([
    ["a list without its end", `${head}depends=(a\n`],
    ["a lone quote", `${head}pkgdesc='a\n`],
    ["a brace too many", `${head}}\n`],
    ["an if without its fi", `${head}if true; then\n`],
  ])("%s is invalid, statically and by bash", async (_, text) => {
    expect((await refusal(text, { how: "static" })).code).toBe("RECIPE_INVALID");
    expect((await refusal(text)).code).toBe("RECIPE_INVALID");
  });
});

describe("a hostile recipe", () => {
  const cases: [what: string, text: string, reason: string][] = [
    ["exits with 0", `${head}exit 0\n`, "ends the shell"],
    ["exits with 3", "exit 3\n", "ends the shell"],
    ["becomes another program", "exec true\n", "ends the shell"],
    ["kills its parent", "kill -9 $PPID\n", "ends the shell"],
    ["kills itself", "kill -9 $$\n", "ends the shell"],
    ["leaves a job behind", `${head}sleep 60 &\n`, "leaves processes behind"],
    ["fails at its end", `${head}false\n`, "its last command fails"],
    ["loops", `${head}while :; do :; done\n`, "steps"],
    ["calls itself for ever", `${head}f() { f; }; f\n`, "levels deep"],
    ["doubles a value for ever", `${head}a=xxxxxxxxxxxxxxxx\nwhile :; do a=$a$a; done\n`, "longer than"],
    ["makes a huge list", `${head}depends=({1..20000})\n`, "10000"],
    ["has Windows line ends", head.replaceAll("\n", "\r\n"), "CRLF"],
  ];
  test.each(cases)("that %s is refused", async (_, text, reason) => {
    const { code, message } = await refusal(text);
    expect(code).toBe("RECIPE_REFUSED");
    expect(message).toContain(reason);
  });
  test("that is larger than 1 MiB is refused", async () => {
    expect((await refusal(`${head}#${"x".repeat(maxRecipeBytes)}`)).message).toContain("larger than");
  });
  test("that prints instead of setting variables imitates nothing", async () => {
    const recipe = await read(`printf 'variable\\0pkgver\\0-\\0001\\0000\\0evil\\0'; echo pkgver=evil\n${head}`);
    expect([recipe.how, recipe.pkgver]).toEqual(["sourced", "1"]);
  });
  test("that writes beside itself leaves no file", async () => {
    const recipe = await read(`${head}touch "$startdir/made" || :\n`);
    expect(recipe.missing.includes("a read-only view of the files") || !existsSync(join(scratch, "made"))).toBe(true);
  });
  test("that waits is ended with its whole group when the reader is cancelled", async () => {
    const aborted = AbortSignal.timeout(300);
    expect((await refusal(`${head}sleep 60\n`, { signal: aborted })).code).toBe("CANCELLED");
  });
});

describe("makepkg's rules", () => {
  test.each([
    ["pkgname starts with a hyphen", "pkgname=-x\npkgver=1\npkgrel=1\narch=(any)\n", "lint_pkgname"],
    ["pkgver has a hyphen", `${head}pkgver=1-2\n`, "lint_pkgver"],
    ["pkgrel is a word", `${head}pkgrel=x\n`, "lint_pkgrel"],
    ["epoch is a word", `${head}epoch=x\n`, "lint_epoch"],
    ["a string is a list", `${head}pkgdesc=(x)\n`, "lint_variable"],
    ["a list is a string", `${head}depends=x\n`, "lint_variable"],
    ["any stands beside others", `${head}arch=(any x86_64)\n`, "lint_arch"],
    ["an architecture has an odd character", `${head}arch=(x-y)\n`, "lint_arch"],
    ["any has fields of its own", `${head}depends_any=(x)\n`, "lint_arch_specific"],
    ["a backup starts with a slash", `${head}backup=(/etc/x)\n`, "lint_backup"],
    ["an option is unknown", `${head}options=(!nothing)\n`, "lint_options"],
    ["a version is bad", `${head}depends=('a>=1:2:3')\n`, "lint_depends"],
    ["provides compares", `${head}provides=('a>1')\n`, "lint_provides"],
    ["sources have gaps", `${head}source[1]=x\n`, "lint_source"],
    ["the install file is missing", `${head}install=none.install\n`, "lint_install"],
    ["package() is missing", `${head}build() { :; }\n`, "lint_package_function"],
    ["a package function sets pkgver", `${head}package() {\n  pkgver=2\n}\n`, "lint_package_function_variable"],
  ])("%s is reported", async (_, text, code) => {
    expect(makepkgProblems(await read(text)).map((each): string => each.code)).toContain(code);
  });
});
