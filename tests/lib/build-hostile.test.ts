// Recipes that mean harm: what they would take from this machine or leave on it, and that they do not.
import { expect, setDefaultTimeout, test } from "bun:test";
import { chmodSync, existsSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { directoryCatalog } from "../../lib/catalog/directory.ts";
import { buildBench, recipeOf, sourcesOf } from "../builds.ts";

setDefaultTimeout(60_000);

test("a name that leads out of the output is refused with everything else that makepkg would refuse, before anything is fetched", async () => {
  using bench = buildBench();
  mkdirSync(join(bench.path, "out/precious"), { recursive: true });
  const recipe = recipeOf({ head: "source=(none)\nsha256sums=(SKIP)\npkgrel=x\n" }).replace("pkgname=t", "pkgname=../precious");
  await expect(bench.build(recipe)).rejects.toMatchObject({
    code: "RECIPE_REFUSED",
    data: {
      problems: expect.arrayContaining([
        expect.objectContaining({ code: "lint_pkgname" }),
        expect.objectContaining({ code: "lint_pkgrel" }),
      ]),
    },
  });
  expect(existsSync(join(bench.path, "out/precious"))).toBe(true);
});

test("a version that a package function makes up leads no archive elsewhere", async () => {
  using bench = buildBench();
  for (const [field, text] of Object.entries({ pkgver: "/../../../escaped", pkgrel: "1/../../../../escaped", epoch: "../../../escaped" })) {
    const recipe = recipeOf({ package: `mkdir "$pkgdir/u"; printf -v ${field} %s ${text}` });
    await expect(bench.build(recipe, { archive: true })).rejects.toThrow("left no readable report");
  }
  expect(readdirSync(bench.path).filter((name) => name.includes("escaped"))).toEqual([]);
});

test("what a person keeps to himself is no source, neither by address nor through a link; what everybody may read is one", async () => {
  using bench = buildBench();
  const person = join(bench.path, "person");
  mkdirSync(join(person, ".config"), { recursive: true });
  writeFileSync(join(person, "key"), "SECRET", { mode: 0o600 });
  writeFileSync(join(person, ".config/token"), "SECRET", { mode: 0o644 });
  writeFileSync(join(person, "open"), "open", { mode: 0o644 });
  writeFileSync(join(bench.path, "everybodys"), "everybody's", { mode: 0o644 });
  for (const path of ["key", ".config/token", "open"]) {
    symlinkSync(join(person, path), join(bench.recipe, "link"));
    for (const source of ["link", `file://${person}/${path}`])
      await expect(bench.build(recipeOf({ head: sourcesOf(source) }))).rejects.toMatchObject({
        code: "RECIPE_REFUSED",
        message: expect.stringContaining("is no file that everybody may read"),
      });
    await Bun.file(join(bench.recipe, "link")).delete();
  }
  symlinkSync(join(bench.path, "everybodys"), join(bench.recipe, "link"));
  await bench.build(recipeOf({ head: sourcesOf("link", `f::file://${bench.path}/everybodys`) }));
  expect([bench.made("u/link"), bench.made("u/f")]).toEqual(["everybody's", "everybody's"]);
  mkdirSync(join(bench.path, "home/config"), { recursive: true });
  writeFileSync(join(bench.path, "home/config/config.json"), JSON.stringify({ build: { file_sources: [person] } }));
  await bench.build(recipeOf({ head: sourcesOf(`file://${person}/open`) }));
  expect(bench.made("u/open")).toBe("open");
});

test("an install script that is a link to a private file does not get into a package", async () => {
  using bench = buildBench();
  mkdirSync(join(bench.path, "person"));
  writeFileSync(join(bench.path, "person/key"), "SECRET", { mode: 0o600 });
  symlinkSync(join(bench.path, "person/key"), join(bench.recipe, "t.install"));
  const recipe = recipeOf({ head: "install=t.install\n", package: 'mkdir "$pkgdir/u"' });
  await expect(bench.build(recipe, { archive: true })).rejects.toMatchObject({
    code: "RECIPE_REFUSED",
    message: expect.stringContaining("is no file that everybody may read"),
  });
});

test("a repository that only its owner may read is no source", async () => {
  using bench = buildBench();
  const repository = join(bench.path, "private");
  Bun.spawnSync([
    "sh",
    "-ec",
    `git init -q ${repository}; cd ${repository}; git -c user.name=a -c user.email=a@test commit -q --allow-empty -m 1`,
  ]);
  chmodSync(repository, 0o700);
  await expect(bench.build(recipeOf({ head: sourcesOf(`git+file://${repository}`) }))).rejects.toMatchObject({
    code: "RECIPE_REFUSED",
    message: expect.stringContaining("is no file that everybody may read"),
  });
});

test("a link in a catalog's directory brings no file from outside it", async () => {
  using bench = buildBench();
  mkdirSync(join(bench.path, "catalog/w"), { recursive: true });
  writeFileSync(join(bench.path, "key"), "SECRET");
  writeFileSync(join(bench.path, "catalog/w/PKGBUILD"), "open");
  symlinkSync(join(bench.path, "key"), join(bench.path, "catalog/w/key"));
  const catalog = directoryCatalog(join(bench.path, "catalog"));
  expect(new TextDecoder().decode(await catalog.file("w", "PKGBUILD"))).toBe("open");
  await expect(catalog.file("w", "key")).rejects.toMatchObject({ code: "UNSAFE_PATH" });
});
