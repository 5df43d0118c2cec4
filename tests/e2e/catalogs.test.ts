// Catalogs behind real servers: right, unreachable, wrong and hostile ones.
import { expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { Hono } from "hono";
import { makeHome } from "../harness.ts";
import { makeEntry, writeRecipe } from "../recipes.ts";

const PKGBUILD = `pkgname=remote
pkgver=1.0.0
pkgrel=1
arch=('any')
source=('note.txt')
sha256sums=('5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03')
package() { install -Dm755 /dev/stdin "$pkgdir/usr/bin/remote" <<<'#!/bin/sh'; }
`;

/** A catalog server as another project would write it. */
function catalogServer(entry: unknown = makeEntry("remote"), pkgbuild = PKGBUILD) {
  const app = new Hono();
  app.get("/workers", (c) => c.json({ workers: [entry] }));
  app.get("/workers/:id", (c) => (c.req.param("id") === "remote" ? c.json(entry as object) : c.json({ error: "Worker not found" }, 404)));
  app.get("/workers/:id/PKGBUILD", (c) => c.text(pkgbuild));
  app.get("/workers/:id/files/:name", (c) => (c.req.param("name") === "note.txt" ? c.body("hello\n") : c.notFound()));
  return Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: app.fetch });
}

test("a worker of a catalog server is listed, shown with its origin, and installed with the recipe's own files", async () => {
  await using home = makeHome();
  using server = catalogServer();
  const env = { RBEE_CATALOG: server.url.href };
  expect((await home.rbee(["worker", "available"], { env })).stdout).toContain("remote");
  const shown = await home.rbee(["worker", "get", "remote"], { env });
  expect(shown.stdout).toContain(`origin:      ${server.url.origin}`);
  expect(shown.stdout).toContain("pkgname=remote");
  expect(await home.rbee(["worker", "download", "remote", "--yes"], { env })).toMatchObject({ code: 0 });
});

test("a recipe that changed after it was confirmed is not built: RECIPE_CHANGED", async () => {
  await using home = makeHome();
  using server = catalogServer();
  const started = await home.rbee(["hive", "start", "--port", "0", "--json", "--catalog", server.url.href]);
  const { url } = JSON.parse(started.stdout) as { url: string };
  const token = (await home.rbee(["hive", "token"])).stdout.trim();
  const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
  const body = JSON.stringify({ operation: "worker_install", worker_id: "remote", recipe_digest: "0".repeat(64) });
  const { sse_url } = (await (await fetch(`${url}/v1/jobs`, { method: "POST", headers, body })).json()) as { sse_url: string };
  expect(await (await fetch(url + sse_url, { headers })).text()).toContain("RECIPE_CHANGED");
});

test("an unreachable catalog hides no other: a warning beside the list, an error for an install from it", async () => {
  await using home = makeHome();
  const env = { RBEE_CATALOG: "http://127.0.0.1:1" };
  const list = await home.rbee(["worker", "available"], { env });
  expect(list).toMatchObject({ code: 0, stdout: expect.stringContaining("llama-node-cpu") });
  expect(list.stderr).toContain('warning: Could not ask the catalog "http://127.0.0.1:1"');
  expect(await home.rbee(["worker", "download", "llama-node-cpu"], { env })).toMatchObject({
    code: 1,
    stderr: expect.stringContaining("CATALOG_UNREACHABLE"),
  });
});

const WRONG: readonly [what: string, body: string, words: string][] = [
  ["is not JSON", "<html>", "is not JSON"],
  ["has no workers", "{}", "workers: is missing"],
  [
    "has an entry with a missing field",
    JSON.stringify({ workers: [{ ...makeEntry("half"), binary_name: undefined }] }),
    'entry "half" is not usable: binary_name: is missing',
  ],
  [
    "has an entry with a wrong field",
    JSON.stringify({ workers: [{ ...makeEntry("odd"), platforms: ["beos"] }] }),
    'entry "odd" is not usable: platforms.0',
  ],
  [
    "has an id that is a path",
    JSON.stringify({ workers: [{ ...makeEntry("x"), id: "../../x" }] }),
    'entry "../../x" is not usable: id: must be',
  ],
  [
    "has a binary name that is a path",
    JSON.stringify({ workers: [{ ...makeEntry("y"), binary_name: "../../y" }] }),
    "binary_name: must be a file name",
  ],
];

test.each(WRONG)("a catalog that %s is told, and the built-in workers are still there", async (_, body, words) => {
  await using home = makeHome();
  using server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch: () => new Response(body, { headers: { "content-type": "application/json" } }),
  });
  const ran = await home.rbee(["worker", "available"], { env: { RBEE_CATALOG: server.url.href } });
  expect(ran).toMatchObject({ code: 0, stdout: expect.stringContaining("llama-node-cpu") });
  expect(ran.stderr).toContain(words);
});

test("a recipe behind another server than its catalog's is refused: exit 6", async () => {
  await using home = makeHome();
  using server = catalogServer({ ...makeEntry("remote"), pkgbuild_url: "http://localhost:1/PKGBUILD" });
  expect(await home.rbee(["worker", "get", "remote"], { env: { RBEE_CATALOG: server.url.href } })).toMatchObject({
    code: 6,
    stderr: expect.stringContaining("leads to another server"),
  });
});

test("an entry that hides a built-in one is marked as such", async () => {
  await using home = makeHome();
  const catalog = join(home.path, "catalog");
  writeRecipe(catalog, "llama-node-cpu");
  const ran = await home.rbee(["worker", "available"], { env: { RBEE_CATALOG: catalog } });
  expect(ran.stderr).toContain("hides the built-in one");
});

test("an entry that is no JSON hides no other: a warning beside the list, an error for who asks for it", async () => {
  await using home = makeHome();
  const catalog = join(home.path, "catalog");
  home.env.RBEE_CATALOG = catalog;
  for (const id of ["whole", "torn"]) writeRecipe(catalog, id);
  writeFileSync(join(catalog, "torn/entry.json"), '{"id": "torn"');
  const list = await home.rbee(["worker", "available"]);
  expect(list).toMatchObject({ code: 0, stdout: expect.stringContaining("whole") });
  expect(list.stderr).toContain('entry "torn" is not usable');
  expect(await home.rbee(["worker", "download", "torn", "--yes"])).toMatchObject({
    code: 6,
    stderr: expect.stringContaining("ENTRY_INVALID"),
  });
});

test("an entry that changes while the hive runs is read again", async () => {
  await using home = makeHome();
  const catalog = join(home.path, "catalog");
  home.env.RBEE_CATALOG = catalog;
  writeRecipe(catalog, "changing");
  expect((await home.rbee(["hive", "start", "--port", "0"])).code).toBe(0);
  const description = async () => {
    const { stdout } = await home.rbee(["worker", "available", "--json"]);
    return (JSON.parse(stdout) as { workers: { id: string; description: string }[] }).workers.find(({ id }) => id === "changing")
      ?.description;
  };
  const entry = makeEntry("changing");
  expect(await description()).toBe(String(entry.description));
  writeFileSync(join(catalog, "changing/entry.json"), JSON.stringify({ ...entry, description: "Another one" }));
  expect(await description()).toBe("Another one");
});
