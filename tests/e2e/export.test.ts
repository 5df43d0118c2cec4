// A built worker as one file: written on one machine, checked and installed on another.
import { expect, test } from "bun:test";
import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { writeBundle } from "../../lib/bundle/write.ts";
import { Entry } from "../../lib/contract/entry.ts";
import { thisMachine } from "../../lib/machine/kind.ts";
import { type Home, makeHome } from "../harness.ts";
import { makeEntry, writeRecipe } from "../recipes.ts";
import { hiveOf } from "../toy-worker.ts";

async function withTool(): Promise<Home> {
  const home = makeHome();
  home.env.RBEE_CATALOG = join(home.path, "catalog");
  writeRecipe(home.env.RBEE_CATALOG, "tool");
  await home.rbee(["worker", "download", "tool", "--yes"]);
  return home;
}

const says = (home: Home) =>
  Bun.spawnSync([join(home.path, "system/bin/tool")])
    .stdout.toString()
    .trim();

/** Asks for the file as if another one had been confirmed; gives back what the job told. */
async function importOther(home: Home, file: string): Promise<string> {
  await home.rbee(["hive", "start", "--port", "0"]);
  const { url, token } = await hiveOf(home);
  const headers = { "content-type": "application/json", authorization: `Bearer ${token}` };
  const body = JSON.stringify({ operation: "worker_import", file, bundle_digest: "0".repeat(64) });
  const { sse_url } = (await (await fetch(`${url}/v1/jobs`, { method: "POST", headers, body })).json()) as { sse_url: string };
  return (await fetch(new URL(sse_url, url), { headers })).text();
}

test("a worker goes from one machine to another in one file, and is described and confirmed before", async () => {
  await using here = await withTool();
  await using there = makeHome();
  const exported = await here.rbee(["worker", "export", "tool"]);
  expect(exported.code).toBe(0);
  const file = exported.stdout.trim();
  expect(file).toMatch(/tool-1\.0\.0-\w+-\w+\.tar\.zst$/);
  expect(await here.rbee(["worker", "export", "tool", file])).toMatchObject({ code: 4, stderr: expect.stringContaining("FILE_EXISTS") });
  expect(await here.rbee(["worker", "export", "tool", file, "--force"])).toMatchObject({ code: 0 });

  const asked = await there.rbee(["worker", "import", file]);
  expect(asked).toMatchObject({ code: 2, stderr: expect.stringContaining("CONFIRMATION_NEEDED") });
  expect(existsSync(join(there.path, "system/bin/tool"))).toBe(false);
  const imported = await there.rbee(["worker", "import", file, "--yes"]);
  expect(imported).toMatchObject({ code: 0, stdout: `${join(there.path, "system/bin/tool")}\n` });
  expect(says(there)).toBe("tool");
  expect((await there.rbee(["worker", "import", file, "--yes"])).stderr).toContain("already installed");
  expect((await there.rbee(["worker", "get", "tool"])).stdout).toContain("tool-1.0.0-");
  expect(readdirSync(join(there.path, "cache/build"))).toEqual([]);
  expect((await there.rbee(["worker", "remove", "tool"])).code).toBe(0);
});

test("a worker whose files were changed is not exported; a place that is none is told", async () => {
  await using home = await withTool();
  const [tree] = readdirSync(join(home.path, "system/lib/rbee/workers/tool"));
  const program = join(home.path, "system/lib/rbee/workers/tool", tree!, "bin/tool");
  expect((await home.rbee(["worker", "export", "tool", "no/such/place.zst"])).code).toBe(3);
  expect((await home.rbee(["worker", "export", "ghost"])).code).toBe(3);
  appendFileSync(program, "# changed\n");
  const refused = await home.rbee(["worker", "export", "tool", "x.tar.zst"]);
  expect(refused).toMatchObject({ code: 6, stderr: expect.stringContaining("bin/tool has changed") });
  expect(existsSync(join(home.path, "x.tar.zst"))).toBe(false);
});

test("a damaged file, a file of something else, and one that changed since it was confirmed are refused: exit 6, nothing installed", async () => {
  await using home = await withTool();
  await home.rbee(["worker", "export", "tool", "good.tar.zst"]);
  const good = join(home.path, "good.tar.zst");
  const bytes = readFileSync(good);
  writeFileSync(join(home.path, "cut.tar.zst"), bytes.subarray(0, bytes.length - 10));
  writeFileSync(join(home.path, "other.tar.zst"), "something else");
  await home.rbee(["worker", "remove", "tool"]);
  for (const name of ["cut.tar.zst", "other.tar.zst"])
    expect(await home.rbee(["worker", "import", name, "--yes"])).toMatchObject({
      code: 6,
      stderr: expect.stringContaining("ARCHIVE_REFUSED"),
    });
  expect((await home.rbee(["worker", "import", "none.tar.zst", "--yes"])).code).toBe(3);
  expect(await importOther(home, good)).toContain("BUNDLE_CHANGED");
  expect(existsSync(join(home.path, "system/bin/tool"))).toBe(false);
  expect((await home.rbee(["worker", "list", "--json"])).stdout).toContain('"workers":[]');
});

test("what was built for another kind of machine is refused with the reason, and a version that does not start is taken back", async () => {
  await using home = await withTool();
  const root = join(home.path, "forged");
  mkdirSync(join(root, "bin"), { recursive: true });
  writeFileSync(join(root, "bin/tool"), "#!/bin/sh\necho broken >&2; exit 3\n", { mode: 0o755 });
  const entry = Entry.parse({ ...makeEntry("tool"), version: "2.0" });
  const about = { entry, digest: "f".repeat(64), origin: "built-in", built_at: Date.now(), root };
  const newer = { ...thisMachine(), libc: "glibc 2.99" };
  await writeBundle(join(home.path, "newer.tar.zst"), { ...about, built_on: newer });
  await writeBundle(join(home.path, "broken.tar.zst"), { ...about, built_on: thisMachine() });
  const other = await home.rbee(["worker", "import", "newer.tar.zst", "--yes"]);
  expect(other).toMatchObject({ code: 4, stderr: expect.stringContaining("it was built on glibc 2.99") });
  const broken = await home.rbee(["worker", "import", "broken.tar.zst", "--yes"]);
  expect(broken).toMatchObject({ code: 1, stderr: expect.stringContaining("tool 2.0 was taken back") });
  expect(says(home)).toBe("tool");
  expect(await home.rbee(["worker", "import", "newer.tar.zst", "--yes", "--force", "--skip-probe"])).toMatchObject({ code: 0 });
  expect((await home.rbee(["worker", "list"])).stdout).toMatch(/2\.0 +active[\s\S]*1\.0\.0 +kept/);
});
