// Where catalogs can lie: directories, addresses, git repositories at a commit; what is kept of them, and who is asked before their code runs.
import { expect, test } from "bun:test";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { makeHome, rbeeCommand, until } from "../harness.ts";
import { makeEntry, writeRecipe } from "../recipes.ts";
import { hasTerminal, openTerminal } from "../terminal.ts";

function sh(cwd: string, script: string): string {
  const ran = Bun.spawnSync(["bash", "-ec", script], { cwd, env: { ...process.env, HOME: cwd }, stdout: "pipe", stderr: "pipe" });
  if (ran.exitCode !== 0) throw new Error(ran.stderr.toString());
  return ran.stdout.toString().trim();
}

/** Commits everything below a directory and gives the place that names it. */
function commitCatalog(directory: string): string {
  const head = sh(
    directory,
    "[ -d .git ] || git init -q; git add -A; git -c user.name=t -c user.email=t@t commit -qm c; git rev-parse HEAD",
  );
  return `git+file://${directory}#commit=${head}`;
}

test("a catalog in a git repository is the one of its commit, however the repository moves on, and needs no repository the second time", async () => {
  await using home = makeHome();
  const repository = join(home.path, "repository");
  const data = { "data.txt": "one\n" };
  const sums = "sha256sums=('2c8b08da5ce60398e1f19af0e5dccc744df274b826abe585eaba68c525434806')";
  writeRecipe(repository, "versed", { files: data, more: `source=('data.txt')\n${sums}` });
  const place = commitCatalog(repository);
  writeRecipe(repository, "versed", { entry: { version: "2.0.0" } });
  writeRecipe(repository, "later");
  commitCatalog(repository);
  const env = { RBEE_CATALOG: place };
  const offered = await home.rbee(["worker", "available"], { env });
  expect(offered.stdout).toContain(`versed`);
  expect(offered.stdout).toContain(place);
  expect(offered.stdout).not.toContain("later");
  sh(home.path, "mv repository moved");
  const installed = await home.rbee(["worker", "download", "versed", "--yes", "--json"], { env });
  expect(installed).toMatchObject({ code: 0, stdout: expect.stringContaining('"version":"1.0.0"') });
});

test("links in a catalog's repository lead nowhere: they are no files of it", async () => {
  await using home = makeHome();
  const repository = join(home.path, "repository");
  writeRecipe(repository, "sly");
  mkdirSync(join(repository, "slyer"));
  writeFileSync(join(home.path, "secret"), JSON.stringify(makeEntry("slyer")));
  symlinkSync(join(home.path, "secret"), join(repository, "slyer/entry.json"));
  sh(repository, `rm sly/PKGBUILD; ln -s ${join(home.path, "secret")} sly/PKGBUILD`);
  const env = { RBEE_CATALOG: commitCatalog(repository) };
  expect((await home.rbee(["worker", "available"], { env })).stdout).not.toContain("slyer");
  const shown = await home.rbee(["worker", "get", "sly"], { env });
  expect(shown).toMatchObject({ code: 6, stderr: expect.stringContaining("has no PKGBUILD") });
});

test("a recipe of a repository may not read files of this machine", async () => {
  await using home = makeHome();
  const repository = join(home.path, "repository");
  writeFileSync(join(home.path, "secret"), "mine");
  writeRecipe(repository, "reader", { more: `source=('file://${home.path}/secret')\nsha256sums=(SKIP)` });
  const ran = await home.rbee(["worker", "download", "reader", "--yes"], { env: { RBEE_CATALOG: commitCatalog(repository) } });
  expect(ran).toMatchObject({ code: 6, stderr: expect.stringContaining("may not read files of this machine") });
});

const WRONG: readonly [place: string, words: string][] = [
  ["git+https://example.org/c.git", "named at a whole commit"],
  ["git+https://example.org/c.git#branch=main", "named at a whole commit"],
  ["git+https://example.org/c.git#commit=abc", "named at a whole commit"],
  ["git+ext::sh -c true#commit=0123456789012345678901234567890123456789", "cannot be used as the address"],
  ["git+ssh://-oProxyCommand=true/c#commit=0123456789012345678901234567890123456789", "cannot be used as the address"],
  ["ftp://example.org/catalog", "no catalog is reached that way"],
];

test.each(WRONG)("%s is refused before a hive starts: exit 2", async (place, words) => {
  await using home = makeHome();
  const settings = await home.rbee(["worker", "available"], { env: { RBEE_CATALOG: place } });
  expect(settings).toMatchObject({ code: 2, stderr: expect.stringContaining(words) });
  expect(await home.rbee(["hive", "start", "--catalog", place])).toMatchObject({
    code: 2,
    stderr: expect.stringContaining("CATALOG_PLACE"),
  });
});

test("a commit that the repository does not have is told: CATALOG_UNREACHABLE", async () => {
  await using home = makeHome();
  const repository = join(home.path, "repository");
  writeRecipe(repository, "here");
  const place = commitCatalog(repository).replace(/[0-9a-f]{40}$/, "0".repeat(40));
  const ran = await home.rbee(["worker", "get", "here"], { env: { RBEE_CATALOG: place } });
  expect(ran).toMatchObject({ code: 1, stderr: expect.stringContaining("CATALOG_UNREACHABLE") });
});

test("of several catalogs the first that has an id wins; a directory may be written relative to where one is", async () => {
  await using home = makeHome();
  writeRecipe(join(home.path, "first"), "both", { entry: { version: "1.0.1" } });
  writeRecipe(join(home.path, "second"), "both", { entry: { version: "2.0.0" } });
  writeRecipe(join(home.path, "second"), "only");
  const env = { RBEE_CATALOG: "./first,second" };
  const { workers } = JSON.parse((await home.rbee(["worker", "available", "--json"], { env })).stdout) as {
    workers: { id: string; version: string; origin: string }[];
  };
  const of = (id: string) => workers.filter((worker) => worker.id === id).map(({ version, origin }) => [version, origin]);
  expect(of("both")).toEqual([["1.0.1", join(home.path, "first")]]);
  expect(of("only")).toEqual([["1.0.0", join(home.path, "second")]]);
  expect(of("llama-node-cpu")[0]?.[1]).toBe("built-in");
});

test("with --offline an address is what it last said; what it never said and sources that were never fetched are named: NOT_CACHED, exit 4", async () => {
  await using home = makeHome();
  const sources = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: () => new Response("hello\n") });
  const sum = "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03";
  const recipe = `pkgname=far\npkgver=1.0.0\npkgrel=1\narch=('any')
source=('${sources.url}a.txt' '${sources.url}b.txt')\nsha256sums=('${sum}' '${sum.replace("5", "6")}')
package() { install -Dm755 /dev/stdin "$pkgdir/usr/bin/far" <<<'#!/bin/sh'; }\n`;
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch: ({ url }) => {
      const { pathname } = new URL(url);
      if (pathname === "/workers/far") return Response.json(makeEntry("far"));
      return pathname.endsWith("PKGBUILD") ? new Response(recipe) : new Response("", { status: 404 });
    },
  });
  const env = { RBEE_CATALOG: server.url.href };
  const install = (...more: string[]) => home.rbee(["worker", "download", "far", "--yes", ...more], { env });
  const never = await install("--offline");
  expect(never).toMatchObject({ code: 4, stderr: expect.stringContaining(`not in the caches: ${server.url.href}workers/far`) });
  // The second source is wrong: the first one is in the cache afterwards.
  expect(await install()).toMatchObject({ code: 6 });
  await Promise.all([server.stop(true), sources.stop(true)]);
  const partly = await install("--offline");
  expect(partly).toMatchObject({ code: 4, stderr: expect.stringContaining(`not in the caches: ${sources.url.href}b.txt`) });
});

test.if(hasTerminal)("on a terminal a recipe from elsewhere is shown and asked about once for each digest", async () => {
  await using home = makeHome();
  const catalog = join(home.path, "catalog");
  writeRecipe(catalog, "theirs", { build: "echo the words of the recipe" });
  const env = { ...home.env, RBEE_CATALOG: catalog, RBEE_SANDBOX: "none" };
  const typed = rbeeCommand.map((word) => `'${word}'`).join(" ");
  using first = openTerminal(120, `${typed} worker download theirs`, env);
  await until("it asks", () => first.screen().includes("Build it?"));
  expect(first.screen()).toContain("echo the words of the recipe");
  expect(first.screen()).toContain(`theirs comes from ${catalog}`);
  first.type("y");
  await until("it is installed", () => first.screen().includes("exit 0"), 30_000);
  using second = openTerminal(120, `${typed} worker download theirs --force`, env);
  await until("it is installed again, unasked", () => second.screen().includes("exit 0"), 30_000);
  expect(second.screen()).not.toContain("Build it?");
  writeRecipe(catalog, "theirs", { build: "echo other words" });
  using third = openTerminal(120, `${typed} worker download theirs`, env);
  await until("it asks again", () => third.screen().includes("Build it?"));
});
