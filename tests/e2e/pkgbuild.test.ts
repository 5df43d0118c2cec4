// rbee pkgbuild srcinfo and lint, as a person and as a program use them; no hive takes part.
import { describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Home, makeHome, root } from "../harness.ts";

const fixture = (name: string) => join(root, "tests/fixtures/recipes", name);
const expected = (name: string) => readFileSync(join(fixture(name), ".SRCINFO"), "utf8");
const good = "pkgname=x\npkgver=1\npkgrel=1\narch=(any)\npackage() { :; }\n";
const canSource = process.platform === "linux" && process.arch === "x64" && Bun.which("bash") !== null;

function recipe(home: Home, text: string, name = "recipe"): string {
  const directory = join(home.path, name);
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, "PKGBUILD"), text);
  return directory;
}

describe("rbee pkgbuild srcinfo", () => {
  test.skipIf(!canSource)("prints what makepkg prints, before and after it too, and starts no hive", async () => {
    await using home = makeHome();
    expect(await home.rbee(["pkgbuild", "srcinfo"], { cwd: fixture("split") })).toEqual({ code: 0, stdout: expected("split"), stderr: "" });
    expect((await home.rbee(["pkgbuild", "srcinfo", fixture("printed")])).stdout).toBe(expected("printed"));
    expect((await home.rbee(["pkgbuild", "srcinfo", fixture("plain"), "--how", "sourced"])).stdout).toBe(expected("plain"));
    expect(existsSync(join(home.path, "data/hive.json"))).toBe(false);
    expect((await home.rbee(["hive", "status"])).stdout).toContain("No hive");
  });

  test("gives the same as data, with line and column", async () => {
    await using home = makeHome();
    const ran = await home.rbee(["pkgbuild", "srcinfo", recipe(home, good), "--json"]);
    const data = JSON.parse(ran.stdout);
    expect(data).toMatchObject({ how: "static", pkgbase: { name: "x" }, packages: [{ name: "x", attributes: [] }] });
    expect(data.pkgbase.attributes).toContainEqual({ field: "pkgver", values: ["1"], at: { line: 2, column: 1 } });
  });

  test("prints nothing of a recipe that makepkg refuses, and tells every reason: exit 6", async () => {
    await using home = makeHome();
    const ran = await home.rbee(["pkgbuild", "srcinfo", recipe(home, `${good}pkgrel=z\nepoch=z\n`)]);
    expect(ran).toMatchObject({ code: 6, stdout: "" });
    expect(ran.stderr).toContain("PKGBUILD:3:1 lint_pkgrel pkgrel must be of the form 'integer[.integer]', not z");
    expect(ran.stderr).toContain("PKGBUILD:7:1 lint_epoch epoch must be an integer, not z");
    expect(ran.stderr).toContain("code: RECIPE_REFUSED");
  });

  test("where bash may not be asked, says what is not read statically and where", async () => {
    await using home = makeHome();
    const ran = await home.rbee(["pkgbuild", "srcinfo", "--how=static", recipe(home, `${good}pkgdesc=$(mystery)\n`)]);
    expect(ran).toMatchObject({ code: 6, stdout: "" });
    expect(ran.stderr).toMatch(/line 6, column \d+: the program mystery is not read statically/);
  });

  test.each([
    [["pkgbuild", "srcinfo", "nowhere"], 3, "FILE_NOT_FOUND"],
    [["pkgbuild", "srcinfo", "--how", "fast"], 2, "USAGE"],
    [["pkgbuild", "srcinfo", "a", "b"], 2, "USAGE"],
    [["pkgbuild", "lint", "nowhere"], 3, "FILE_NOT_FOUND"],
  ])("rbee %p ends with %p", async (args, code, name) => {
    await using home = makeHome();
    const ran = await home.rbee(args);
    expect(ran).toMatchObject({ code, stdout: "" });
    expect(ran.stderr).toContain(`code: ${name}`);
  });
});

describe("rbee pkgbuild lint", () => {
  test("is quiet about a good recipe", async () => {
    await using home = makeHome();
    expect(await home.rbee(["pkgbuild", "lint"], { cwd: recipe(home, good) })).toEqual({ code: 0, stdout: "", stderr: "No problems\n" });
  });

  test("tells every problem of every recipe at once: exit 6", async () => {
    await using home = makeHome();
    recipe(home, `${good}pkgrel=z\nsource=(http://a.org/a)\nsha256sums=(1)\n`, "first");
    recipe(home, `${good}if\n`, "second");
    const ran = await home.rbee(["pkgbuild", "lint", "first", "second"]);
    expect(ran.code).toBe(6);
    expect(ran.stdout.split("\n")).toEqual([
      "first/PKGBUILD:3:1 lint_pkgrel pkgrel must be of the form 'integer[.integer]', not z",
      "first/PKGBUILD:7:1 http_source http://a.org/a comes over an open line",
      expect.stringMatching(/^second\/PKGBUILD:\d+:\d+ syntax syntax error/),
      "",
    ]);
    expect(ran.stderr).toBe("2 errors, 1 warning\n");
  });

  test("does not fail for warnings; the entry beside the recipe is looked at too", async () => {
    await using home = makeHome();
    const directory = recipe(home, `${good}source=(http://a.org/a)\nsha256sums=(1)\n`);
    const ran = await home.rbee(["pkgbuild", "lint", directory, "--json"]);
    expect(ran.code).toBe(0);
    expect(JSON.parse(ran.stdout).problems).toMatchObject([{ code: "http_source", severity: "warning", line: 6, column: 1 }]);
    writeFileSync(join(directory, "entry.json"), "{");
    const second = await home.rbee(["pkgbuild", "lint", directory]);
    expect(second.code).toBe(6);
    expect(second.stdout).toContain("entry.json:1:1 entry_invalid");
  });

  test("writes SARIF for code hosts, with paths below the working directory", async () => {
    await using home = makeHome();
    recipe(home, `${good}epoch=z\n`, "a recipe");
    const ran = await home.rbee(["pkgbuild", "lint", "--sarif", "a recipe"]);
    expect(ran.code).toBe(6);
    const [run] = JSON.parse(ran.stdout).runs;
    expect(run.tool.driver.rules).toMatchObject([{ id: "lint_epoch" }]);
    expect(run.results).toEqual([
      {
        ruleId: "lint_epoch",
        ruleIndex: 0,
        level: "error",
        message: { text: "epoch must be an integer, not z" },
        locations: [{ physicalLocation: { artifactLocation: { uri: "a%20recipe/PKGBUILD" }, region: { startLine: 6, startColumn: 1 } } }],
      },
    ]);
  });
});
