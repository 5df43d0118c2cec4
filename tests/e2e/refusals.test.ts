// What rbee refuses, with which exit code and which words, and that nothing is left behind.
import { expect, test } from "bun:test";
import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { makeHome } from "../harness.ts";
import { type RecipeParts, writeRecipe } from "../recipes.ts";

/** Tries to install a recipe that cannot be; checks that nothing of it stays. */
async function tryInstall(parts: RecipeParts, env: Record<string, string> = {}, flags: string[] = []) {
  await using home = makeHome();
  const catalog = join(home.path, "catalog");
  writeRecipe(catalog, "bad", parts);
  const ran = await home.rbee(["worker", "download", "bad", "--yes", ...flags], { env: { RBEE_CATALOG: catalog, ...env } });
  expect(namesIn(join(home.path, "cache/build"))).toEqual([]);
  expect(existsSync(join(home.path, "system/bin/bad"))).toBe(false);
  expect(namesIn(join(home.path, "system/lib/rbee/workers/bad"))).toEqual([]);
  expect(ran.stdout).toBe("");
  return ran;
}

function namesIn(directory: string): string[] {
  return existsSync(directory) ? readdirSync(directory) : [];
}

test("a worker that no catalog has: exit 3", async () => {
  await using home = makeHome();
  const ran = await home.rbee(["worker", "download", "nonesuch"]);
  expect(ran).toMatchObject({ code: 3, stdout: "" });
  expect(ran.stderr).toContain('error: Worker "nonesuch" is not in the catalog');
  expect(ran.stderr).toContain("hint: See what there is: rbee worker available");
  expect(ran.stderr).toContain("code: WORKER_NOT_FOUND");
});

test("a worker for another platform: exit 4, naming both", async () => {
  const ran = await tryInstall({ entry: { platforms: ["windows"] } });
  expect(ran.code).toBe(4);
  expect(ran.stderr).toMatch(/made for windows on .*, this machine is (linux|macos)/);
});

test("a missing tool of the recipe: exit 4, named with the package manager's command", async () => {
  const ran = await tryInstall({ more: "makedepends=('zig')" }, { PATH: pathWithout("zig") });
  expect(ran.code).toBe(4);
  expect(ran.stderr).toContain("error: Cannot build bad: missing zig");
  expect(ran.stderr).toMatch(/hint: Install it \(.*zig\), then run the command again/);
});

test("a missing tool of the entry alone is found too", async () => {
  const ran = await tryInstall({ entry: { makedepends: ["zig"] } }, { PATH: pathWithout("zig") });
  expect(ran.stderr).toContain("missing zig");
});

const UNREADABLE: readonly [what: string, pkgbuild: string, words: RegExp][] = [
  ["a syntax error, with its line", "pkgname=bad\npkgver=1\nbuild() {\n  if true\n}\n", /PKGBUILD:\d+: /],
  ["a lone quote", "pkgname='bad\npkgver=1\n", /PKGBUILD/],
  ["an endless loop", "pkgname=bad\nwhile :; do :; done\n", /PKGBUILD cannot be used/],
  ["an exit 0", "pkgname=bad\npkgver=1\nexit 0\n", /exit/],
  ["output instead of variables", "echo pkgname=bad\nprintf 'pkgver=1\\0'\n", /PKGBUILD/],
  ["no package function", "pkgname=bad\npkgver=1.0.0\npkgrel=1\narch=(any)\n", /package\(\)/],
];

test.each(UNREADABLE)(
  "a recipe with %s is refused: exit 6",
  async (_, pkgbuild, words) => {
    const ran = await tryInstall({ pkgbuild });
    expect(ran.stderr).toMatch(words);
    expect(ran.code).toBe(6);
  },
  40_000,
);

test("a checksum that does not fit: exit 6, with expected and found sum, and the build does not start", async () => {
  const wrong = "0".repeat(64);
  const ran = await tryInstall({ files: { "data.txt": "hello\n" }, more: `source=('data.txt')\nsha256sums=('${wrong}')` });
  expect(ran.code).toBe(6);
  expect(ran.stderr).toContain(`expected ${wrong}, found 5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03`);
  expect(ran.stderr).not.toContain("Starting build()");
});

test("a source without any sum is refused: exit 6", async () => {
  const ran = await tryInstall({ files: { "data.txt": "hello\n" }, more: "source=('data.txt')" });
  expect(ran.code).toBe(6);
  expect(ran.stderr).toContain("has no checksum");
});

test("a source that the server does not have: exit 1, with its address and the server's word", async () => {
  using server = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: () => new Response("no", { status: 404 }) });
  const ran = await tryInstall({ more: `source=('http://127.0.0.1:${server.port}/x.tar.gz')\nsha256sums=(SKIP)` });
  expect(ran.code).toBe(1);
  expect(ran.stderr).toContain(`Could not fetch "http://127.0.0.1:${server.port}/x.tar.gz": the server answered 404`);
});

test("a build that fails: exit 1, the function and its exit code, the last lines of the log again under the error", async () => {
  const ran = await tryInstall({ build: "for n in $(seq 1 50); do echo line-$n; done\n  echo to-stderr >&2\n  exit 7" });
  expect(ran.code).toBe(1);
  expect(ran.stderr).toContain("error: build() of bad failed with exit code 7");
  const repeated = ran.stderr.slice(ran.stderr.indexOf("error:"));
  expect(repeated).toContain("line-50");
  expect(repeated).toContain("line-32");
  expect(repeated).not.toContain("line-30\n");
  expect(repeated).toContain("code: BUILD_FAILED");
});

test("a command inside build() that fails ends it, as makepkg's errexit does", async () => {
  const ran = await tryInstall({ build: "false\n  echo went-on" });
  expect(ran.code).toBe(1);
  expect(ran.stderr).not.toContain("went-on");
});

test("a build ended by a signal names the signal", async () => {
  const ran = await tryInstall({ build: "kill -SEGV $BASHPID" });
  expect(ran.code).toBe(1);
  expect(ran.stderr).toContain("build() of bad was ended by SIGSEGV");
});

test("a package without the entry's program: exit 6", async () => {
  const ran = await tryInstall({ package: "install -d $pkgdir/usr/share" });
  expect(ran.code).toBe(6);
  expect(ran.stderr).toContain("there is no bin/bad");
});

test("a package with a setuid file: exit 6", async () => {
  const ran = await tryInstall({ package: "install -d $pkgdir/usr/bin; touch $pkgdir/usr/bin/bad; chmod 4755 $pkgdir/usr/bin/bad" });
  expect(ran.code).toBe(6);
  expect(ran.stderr).toContain("setuid");
});

test("a build that takes longer than --timeout: exit 124", async () => {
  const ran = await tryInstall({ build: "sleep 600" }, {}, ["--timeout", "2s"]);
  expect(ran.code).toBe(124);
  expect(ran.stderr).toContain("took longer than 2 s");
});

test("no right to write to either prefix: exit 4 before anything is built", async () => {
  const ran = await tryInstall({}, { RBEE_SYSTEM_PREFIX: "/proc/nowhere", RBEE_USER_PREFIX: "/dev/null/nowhere" });
  expect(ran.code).toBe(4);
  expect(ran.stderr).toContain("Cannot write to /proc/nowhere/bin nor to /dev/null/nowhere/bin");
  expect(ran.stderr).not.toContain("Starting build()");
});

test("without the right to the system's place the user's is taken, and it says so", async () => {
  await using home = makeHome({ RBEE_SYSTEM_PREFIX: "/proc/nowhere" });
  const catalog = join(home.path, "catalog");
  writeRecipe(catalog, "fine");
  const ran = await home.rbee(["worker", "download", "fine", "--yes"], { env: { RBEE_CATALOG: catalog } });
  expect(ran).toMatchObject({ code: 0, stdout: `${join(home.path, "local/bin/fine")}\n` });
  expect(ran.stderr).toContain("Not for all users: cannot write to /proc/nowhere/bin");
  const strict = await home.rbee(["worker", "download", "fine", "--yes", "--system", "--force"], { env: { RBEE_CATALOG: catalog } });
  expect(strict.code).toBe(4);
});

test("a foreign file where the link would go is never overwritten: exit 4 before anything is built", async () => {
  await using home = makeHome();
  const catalog = join(home.path, "catalog");
  writeRecipe(catalog, "mine");
  mkdirSync(join(home.path, "system/bin"), { recursive: true });
  writeFileSync(join(home.path, "system/bin/mine"), "precious");
  const ran = await home.rbee(["worker", "download", "mine", "--yes"], { env: { RBEE_CATALOG: catalog } });
  expect(ran.code).toBe(4);
  expect(ran.stderr).toContain("exists and was not installed by rbee");
  expect(ran.stderr).not.toContain("Starting build()");
  expect(await Bun.file(join(home.path, "system/bin/mine")).text()).toBe("precious");
});

test.if(process.getuid?.() === 0)("a full disk in the build directory: exit 4, nothing left", async () => {
  await using home = makeHome();
  const catalog = join(home.path, "catalog");
  const build = join(home.path, "cache/build");
  writeRecipe(catalog, "big", { build: "head -c 8M /dev/zero > big.bin" });
  mkdirSync(build, { recursive: true });
  expect(Bun.spawnSync(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", build]).exitCode).toBe(0);
  try {
    const ran = await home.rbee(["worker", "download", "big", "--yes"], { env: { RBEE_CATALOG: catalog } });
    expect(ran.stderr).toContain("No space left");
    expect(ran.code).toBe(4);
    expect(readdirSync(build)).toEqual([]);
  } finally {
    await home.rbee(["hive", "stop"]);
    Bun.spawnSync(["umount", "-l", build]);
  }
});

test("a recipe from elsewhere is not built without --yes: exit 2", async () => {
  await using home = makeHome();
  const catalog = join(home.path, "catalog");
  writeRecipe(catalog, "theirs");
  const ran = await home.rbee(["worker", "download", "theirs"], { env: { RBEE_CATALOG: catalog } });
  expect(ran.code).toBe(2);
  expect(ran.stderr).toContain("theirs comes from");
});

test("unknown commands and flags: exit 2 and the nearest word", async () => {
  await using home = makeHome();
  expect(await home.rbee(["wroker"])).toMatchObject({ code: 2, stderr: expect.stringContaining("Did you mean worker?") });
  expect(await home.rbee(["worker", "downlaod", "x"])).toMatchObject({
    code: 2,
    stderr: expect.stringContaining("Did you mean download?"),
  });
  expect(await home.rbee(["worker", "list", "--jsno"])).toMatchObject({ code: 2, stderr: expect.stringContaining("Did you mean --json?") });
  expect(await home.rbee(["worker", "download"])).toMatchObject({ code: 2, stderr: expect.stringContaining("<id> is missing") });
  expect(await home.rbee(["worker", "list", "extra"])).toMatchObject({ code: 2, stderr: expect.stringContaining("one word too many") });
  expect(await home.rbee(["worker", "download", "../../x"])).toMatchObject({
    code: 2,
    stderr: expect.stringContaining("<id>: must be"),
  });
  expect(await home.rbee(["worker", "download", "x", "--timeout", "soon"])).toMatchObject({
    code: 2,
    stderr: expect.stringContaining("timeout:"),
  });
  expect(await home.rbee(["hive", "serve", "--port", "many"])).toMatchObject({ code: 2, stderr: expect.stringContaining("--port") });
});

test("removing and getting what is not there: exit 3", async () => {
  await using home = makeHome();
  expect(await home.rbee(["worker", "remove", "ghost"])).toMatchObject({
    code: 3,
    stderr: expect.stringContaining('Worker "ghost" is not installed'),
  });
  expect(await home.rbee(["worker", "get", "ghost"])).toMatchObject({ code: 3 });
  expect(await home.rbee(["model", "get", "ghost"])).toMatchObject({ code: 3, stderr: expect.stringContaining('No model "ghost"') });
  expect(await home.rbee(["model", "remove", "../../etc"])).toMatchObject({ code: 3 });
  expect(await home.rbee(["worker", "process", "stop", "4294967295"])).toMatchObject({ code: 3 });
  expect(await home.rbee(["job", "get", "ghost"])).toMatchObject({ code: 3 });
  expect(await home.rbee(["worker", "spawn"])).toMatchObject({ code: 3, stderr: expect.stringContaining("No worker is installed") });
});

/** PATH without the directories that hold a program. */
function pathWithout(program: string): string {
  return (process.env.PATH ?? "")
    .split(":")
    .filter((directory) => !existsSync(join(directory, program)))
    .join(":");
}
