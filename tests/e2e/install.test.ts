// A worker's whole life, as a person would live it.
import { expect, test } from "bun:test";
import { existsSync, readdirSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { makeHome } from "../harness.ts";
import { writeRecipe } from "../recipes.ts";

test("a worker is built, installed, listed, run and removed without a trace", async () => {
  await using home = makeHome();
  const catalog = join(home.path, "catalog");
  writeRecipe(catalog, "hello");
  const env = { RBEE_CATALOG: catalog };

  const installed = await home.rbee(["worker", "download", "hello", "--yes"], { env });
  expect(installed).toMatchObject({ code: 0, stdout: `${join(home.path, "system/bin/hello")}\n` });
  expect(installed.stderr).toContain("Will install to: ");
  expect(readlinkSync(join(home.path, "system/bin/hello"))).toContain("lib/rbee/workers/hello/1.0.0-");
  expect(Bun.spawnSync([join(home.path, "system/bin/hello")]).stdout.toString()).toBe("hello\n");

  const list = await home.rbee(["worker", "list"], { env });
  expect(list.stdout).toContain("hello");

  const removed = await home.rbee(["worker", "rm", "hello"], { env });
  expect(removed.code).toBe(0);
  expect(existsSync(join(home.path, "system/bin/hello"))).toBe(false);
  expect(readdirSync(join(home.path, "system/lib/rbee/workers"))).toEqual([]);
  expect(readdirSync(join(home.path, "cache/build"))).toEqual([]);
});

test("installing what is installed says so and exits 0; --force builds it again", async () => {
  await using home = makeHome();
  const catalog = join(home.path, "catalog");
  writeRecipe(catalog, "hello");
  const env = { RBEE_CATALOG: catalog };
  await home.rbee(["worker", "download", "hello", "--yes"], { env });
  const again = await home.rbee(["worker", "download", "hello", "--yes"], { env });
  expect(again.code).toBe(0);
  expect(again.stderr).toContain("already installed");
  const forced = await home.rbee(["worker", "download", "hello", "--yes", "--force"], { env });
  expect(forced.code).toBe(0);
  expect(forced.stderr).toContain("Starting build()");
});

test("a person's own shell settings have no part in a build", async () => {
  await using home = makeHome();
  const catalog = join(home.path, "catalog");
  const user = join(home.path, "user");
  writeRecipe(catalog, "plain", { build: "type polluted && exit 1 || true" });
  for (const file of [".bashrc", ".profile", ".bash_profile"])
    await Bun.write(join(user, file), "polluted() { :; }; export -f polluted; touch $HOME/read\n");
  const env = { RBEE_CATALOG: catalog, HOME: user, BASH_ENV: join(user, ".bashrc"), ENV: join(user, ".bashrc") };
  expect(await home.rbee(["worker", "download", "plain", "--yes"], { env })).toMatchObject({ code: 0 });
  expect(existsSync(join(user, "read"))).toBe(false);
});
