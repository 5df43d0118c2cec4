// Versions of a worker side by side: upgraded after a probe, rolled back, pinned, removed one by one.
import { expect, test } from "bun:test";
import { existsSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Home, makeHome } from "../harness.ts";
import { writeRecipe } from "../recipes.ts";

const SERVE = `BUN_BE_BUN=1 exec "$RBEE_BIN" -e 'Bun.serve({ port: Number(process.argv.at(-1)), fetch: () => new Response("ok") })' -- "$@"`;
const DIE = "echo the engine is broken >&2; exit 9";

/** Puts a version of a worker into the home's catalog: a program that serves, or does what `body` says. */
function offer(home: Home, version: string, { id = "tool", body = SERVE, run = true } = {}): void {
  home.env.RBEE_CATALOG = join(home.path, "catalog");
  writeRecipe(home.env.RBEE_CATALOG, id, {
    entry: { version, ...(run ? { run: { args: ["{port}"], health: "/", api: "none" } } : {}) },
    package: `install -d "$pkgdir/usr/bin"\n  cat >"$pkgdir/usr/bin/${id}" <<'PROGRAM'\n#!/bin/sh\n[ "$1" = --say ] && exec echo ${version}\n${body}\nPROGRAM\n  chmod 755 "$pkgdir/usr/bin/${id}"`,
  });
}

interface Listed {
  readonly id: string;
  readonly version: string;
  readonly active: boolean;
  readonly pinned: boolean;
}

async function listed(home: Home): Promise<string[]> {
  const { workers } = JSON.parse((await home.rbee(["worker", "list", "--json"])).stdout) as { workers: Listed[] };
  return workers.map(({ id, version, active, pinned }) => `${id} ${version}${active ? " active" : ""}${pinned ? " pinned" : ""}`);
}

const says = (home: Home, id = "tool") =>
  Bun.spawnSync([join(home.path, "system/bin", id), "--say"])
    .stdout.toString()
    .trim();

test("an upgrade starts the new version first, keeps the former one, and a rollback is back at it", async () => {
  await using home = makeHome();
  offer(home, "1.0");
  await home.rbee(["worker", "download", "tool", "--yes"]);
  offer(home, "2.0");
  const upgraded = await home.rbee(["worker", "upgrade", "tool", "--yes"]);
  expect(upgraded).toMatchObject({ code: 0, stdout: `${join(home.path, "system/bin/tool")}\n` });
  expect(upgraded.stderr).toContain("Probe of tool 2.0: start it without a model and ask /");
  expect(upgraded.stderr).toContain("Probe passed: it started and answered");
  expect(upgraded.stderr).toContain("tool upgraded: 1.0 -> 2.0");
  expect(await listed(home)).toEqual(["tool 2.0 active", "tool 1.0"]);
  expect((await home.rbee(["ps", "--json"])).stdout).toContain('"processes":[]');

  const back = await home.rbee(["worker", "rollback", "tool"]);
  expect(back.stderr).toContain("tool 1.0 is the active version now");
  expect(says(home)).toBe("1.0");
  expect(await home.rbee(["worker", "rollback", "tool"])).toMatchObject({ code: 3, stderr: expect.stringContaining("NO_FORMER_VERSION") });
  const again = await home.rbee(["worker", "upgrade", "tool", "--yes"]);
  expect(again.stderr).not.toContain("Starting");
  expect(says(home)).toBe("2.0");
  expect((await home.rbee(["worker", "upgrade", "tool", "--yes"])).stderr).toContain("tool 2.0 is what the catalog has");
});

test("a version that does not start is taken back: exit 1 with its log, the former one goes on", async () => {
  await using home = makeHome();
  offer(home, "1.0");
  await home.rbee(["worker", "download", "tool", "--yes"]);
  offer(home, "2.0", { body: DIE });
  const failed = await home.rbee(["worker", "upgrade", "tool", "--yes"]);
  expect(failed.code).toBe(1);
  expect(failed.stderr).toContain("tool 2.0 was taken back because its probe (start it without a model and ask /) failed: exit code 9");
  expect(failed.stderr).toContain("the engine is broken");
  expect(failed.stderr).toContain("code: PROBE_FAILED");
  expect(failed.stderr).toContain("tool 1.0 is still the active version");
  expect(says(home)).toBe("1.0");
  expect(await listed(home)).toEqual(["tool 1.0 active"]);
  expect(readdirSync(join(home.path, "system/lib/rbee/workers/tool"))).toHaveLength(1);
  expect((await home.rbee(["ps", "--json"])).stdout).toContain('"processes":[]');
  expect((await home.rbee(["worker", "upgrade", "tool", "--yes", "--skip-probe"])).code).toBe(0);
  expect(says(home)).toBe("2.0");
});

test("a worker that cannot be started here is asked for its version, and it is told that this is all", async () => {
  await using home = makeHome();
  offer(home, "1.0", { run: false, body: "exit 0" });
  await home.rbee(["worker", "download", "tool", "--yes"]);
  offer(home, "2.0", { run: false, body: DIE });
  const failed = await home.rbee(["worker", "download", "tool", "--yes"]);
  expect(failed.code).toBe(1);
  expect(failed.stderr).toContain("run tool --version (its entry does not say how it is started)");
  expect(failed.stderr).toContain("--version gave exit code 9, --help gave exit code 9");
  offer(home, "3.0", { run: false, body: "exit 0" });
  expect((await home.rbee(["worker", "download", "tool", "--yes"])).stderr).toContain("Probe passed: it answered --version");
  expect(says(home)).toBe("3.0");
});

test("upgrade without an id takes everything that is outdated, passes over what is pinned, and goes on after a failure", async () => {
  await using home = makeHome();
  for (const id of ["first", "held", "second"]) {
    offer(home, "1.0", { id });
    await home.rbee(["worker", "download", id, "--yes"]);
  }
  expect((await home.rbee(["worker", "upgrade"])).stderr).toContain("Nothing to upgrade");
  await home.rbee(["worker", "pin", "held"]);
  offer(home, "2.0", { id: "first", body: DIE });
  for (const id of ["held", "second"]) offer(home, "2.0", { id });
  expect((await home.rbee(["worker", "outdated"])).stdout).toMatch(/held +1\.0 +2\.0 +pinned/);
  const all = await home.rbee(["worker", "upgrade", "--yes"]);
  expect(all.code).toBe(1);
  expect(all.stderr).toContain("held is pinned at 1.0: passed over (2.0 is offered)");
  expect((await listed(home)).sort()).toEqual(["first 1.0 active", "held 1.0 active pinned", "second 1.0", "second 2.0 active"]);
  expect(await home.rbee(["worker", "download", "held", "--yes"])).toMatchObject({
    code: 4,
    stderr: expect.stringContaining("pinned at 1.0"),
  });
  expect((await home.rbee(["worker", "upgrade", "held", "--yes"])).stderr).toContain("passed over");
  await home.rbee(["worker", "unpin", "held"]);
  expect((await home.rbee(["worker", "upgrade", "--yes"])).code).toBe(1);
  expect(says(home, "held")).toBe("2.0");
});

test("a process goes on with its version, which is not removed before it ends", async () => {
  await using home = makeHome();
  offer(home, "1.0");
  await home.rbee(["hive", "start", "--port", "0"]);
  await home.rbee(["worker", "download", "tool", "--yes"]);
  await home.rbee(["worker", "spawn", "--worker", "tool"]);
  offer(home, "2.0");
  const upgraded = await home.rbee(["worker", "upgrade", "tool", "--yes"]);
  expect(upgraded.stderr).toContain("Process 1 goes on with tool 1.0 until it is stopped");
  expect(await home.rbee(["worker", "remove", "tool@1.0"])).toMatchObject({ code: 4 });
  await home.rbee(["worker", "spawn", "--worker", "tool@1.0"]);
  const { processes } = JSON.parse((await home.rbee(["ps", "--json"])).stdout) as { processes: { version: string }[] };
  expect(processes.map(({ version }) => version)).toEqual(["1.0", "1.0"]);
  expect(await home.rbee(["worker", "remove", "tool@1.0", "--force"])).toMatchObject({ code: 0 });
  expect(await listed(home)).toEqual(["tool 2.0 active"]);
  expect(says(home)).toBe("2.0");
});

test("an upgrade that is cancelled while its probe waits leaves the former version and no process", async () => {
  await using home = makeHome();
  offer(home, "1.0");
  await home.rbee(["worker", "download", "tool", "--yes"]);
  offer(home, "2.0", { body: `touch ${join(home.path, "started")}; exec sleep 600` });
  const upgrading = home.start(["worker", "upgrade", "tool", "--yes"]);
  while (!existsSync(join(home.path, "started"))) await Bun.sleep(20);
  upgrading.kill("SIGINT");
  expect(await upgrading.exited).toBe(130);
  expect(await listed(home)).toEqual(["tool 1.0 active"]);
  expect(says(home)).toBe("1.0");
});

test("what was built once is taken from the cache; --force and another recipe build anew; a damaged bundle is built again", async () => {
  await using home = makeHome();
  offer(home, "1.0");
  const install = (...flags: string[]) => home.rbee(["worker", "download", "tool", "--yes", ...flags]);
  expect((await install()).stderr).toContain("Starting build()");
  await home.rbee(["worker", "remove", "tool"]);
  const second = await install();
  expect(second.stderr).toContain("Taken from the build cache");
  expect(second.stderr).not.toContain("Starting build()");
  expect(says(home)).toBe("1.0");
  expect((await install("--force")).stderr).toContain("Starting build()");
  await home.rbee(["worker", "remove", "tool"]);
  const [bundle] = readdirSync(join(home.path, "cache/built")).filter((name) => name.endsWith(".zst"));
  writeFileSync(join(home.path, "cache/built", bundle!), "damaged");
  const third = await install();
  expect(third.stderr).toContain("What was built before cannot be used");
  expect(third.stderr).toContain("Starting build()");
  offer(home, "1.1");
  expect((await install()).stderr).toContain("Starting build()");
  expect((await home.rbee(["du", "--json"])).stdout).toContain('"what":"built workers"');
});
