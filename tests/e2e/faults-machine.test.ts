// Machines that refuse: directories that nobody may write, disks that fail, a /tmp that runs nothing, little memory.
import { expect, test } from "bun:test";
import { chmodSync, existsSync, mkdirSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Home, makeHome, type Ran, rbeeCommand, temporaryDirectory, until } from "../harness.ts";
import { writeRecipe } from "../recipes.ts";

const isRoot = process.getuid?.() === 0;

/** What an error may be called here. Anything else, above all INTERNAL, is a fault. */
const CLEAR = /code: (PERMISSION_DENIED|DISK_FAULT|HIVE_UNREACHABLE|NO_INSTALL_DIR|BUILD_FAILED|RECIPE_REFUSED)/;

function makeHomeWith(parts: Parameters<typeof writeRecipe>[2] = {}): Home {
  const home = makeHome();
  home.env.RBEE_CATALOG = join(home.path, "catalog");
  writeRecipe(home.env.RBEE_CATALOG, "hello", parts);
  return home;
}

const INSTALL = ["worker", "download", "hello", "--yes", "--force"];

/** Runs rbee behind the words of another program. */
async function runBehind(words: readonly string[], home: Home, args: readonly string[]): Promise<Ran> {
  const program = Bun.spawn([...words, ...rbeeCommand, ...args], {
    env: home.env,
    cwd: "/",
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  const [stdout, stderr, code] = await Promise.all([
    new Response(program.stdout).text(),
    new Response(program.stderr).text(),
    program.exited,
  ]);
  return { code, stdout, stderr };
}

/** Root may write everywhere: it becomes a user who may not. */
const NOBODY = 65_534;
const asOrdinary = isRoot ? ["setpriv", `--reuid=${NOBODY}`, `--regid=${NOBODY}`, "--clear-groups", "--"] : [];

test.if(canBeOrdinary()).each(["state", "data", "cache"])(
  "a %s directory that an ordinary user may not write is told by name; with the right again it works",
  async (name) => {
    await using home = makeHomeWith();
    const closed = join(home.path, name);
    mkdirSync(closed);
    if (isRoot) Bun.spawnSync(["chown", "-R", `${NOBODY}:${NOBODY}`, home.path]);
    chmodSync(closed, 0o555);
    const refused = await runBehind(asOrdinary, home, INSTALL);
    chmodSync(closed, 0o755);
    if (refused.code !== 0) expect(refused.stderr).toMatch(CLEAR);
    if (refused.code !== 0) expect(refused.stderr).toContain(closed);
    await runBehind(asOrdinary, home, ["hive", "stop"]);
    expect(await runBehind(asOrdinary, home, INSTALL)).toMatchObject({ code: 0 });
    await runBehind(asOrdinary, home, ["hive", "stop"]);
  },
);

/** Calls of the kernel that fail with EIO from the first time on, or from a later one. Source: strace(1), "Tampering". */
const FAILING = ["fsync", "rename,renameat,renameat2", "mkdir,mkdirat", "ftruncate", "symlink,symlinkat"];

test.if(canTrace()).each(FAILING)("a disk that fails at %s: a clear error or none, nothing lost, the next try works", async (calls) => {
  await using home = makeHomeWith();
  expect(await home.rbee(INSTALL)).toMatchObject({ code: 0 });
  await home.rbee(["hive", "stop"]);
  const strace = [
    "strace",
    "-f",
    "-qq",
    "--seccomp-bpf",
    "-o",
    "/dev/null",
    "-e",
    `trace=${calls}`,
    "-e",
    `inject=${calls}:error=EIO:when=4+`,
  ];
  const serving = Bun.spawn([...strace, ...rbeeCommand, "hive", "serve", "--port", "0"], {
    env: home.env,
    stdout: "ignore",
    stderr: "ignore",
  });
  await until("it serves or has ended", () => existsSync(join(home.path, "state/hive.json")) || serving.exitCode !== null);
  const { code, stderr } = await home.rbee(INSTALL);
  if (code !== 0) expect(stderr).toMatch(CLEAR);
  expect(stderr).not.toContain("INTERNAL");
  serving.kill("SIGKILL");
  await serving.exited;
  await home.rbee(["hive", "stop"]);
  expect((await home.rbee(["worker", "list"])).stdout).toContain("hello");
  expect(await home.rbee(INSTALL)).toMatchObject({ code: 0 });
});

/** It is hidden by the mount when it lies in /tmp itself. */
const isInTmp = rbeeCommand[0]!.startsWith("/tmp/");

test.if(canMount() && !isInTmp)("where /tmp runs no programs a worker is built and runs all the same", async () => {
  await using home = makeHomeWith();
  using place = temporaryDirectory("rbee-noexec", "/var/tmp");
  const catalog = join(place.path, "catalog");
  writeRecipe(catalog, "hello", { build: "printf '#!/bin/sh\\necho made\\n' >tool; chmod 755 tool; ./tool" });
  const env = { ...home.env, RBEE_HOME: place.path, RBEE_SYSTEM_PREFIX: join(place.path, "system"), RBEE_CATALOG: catalog };
  mkdirSync(env.RBEE_SYSTEM_PREFIX);
  const inside = [
    "unshare",
    ...(isRoot ? [] : ["--map-root-user"]),
    "--mount",
    "sh",
    "-c",
    'mount -t tmpfs -o noexec tmpfs /tmp && exec "$@"',
    "sh",
  ];
  try {
    expect(await runBehind(inside, { ...home, env }, INSTALL)).toMatchObject({ code: 0 });
    expect(existsSync(join(env.RBEE_SYSTEM_PREFIX, "bin/hello"))).toBe(true);
  } finally {
    await home.rbee(["hive", "stop"], { env });
  }
});

test.if(memoryGroups() !== undefined)("with 256 MB of memory a noisy build succeeds, and one that wants more is ended alone", async () => {
  await using home = makeHomeWith({ build: "yes 'a line of a compiler' | head -n 200000" });
  writeRecipe(home.env.RBEE_CATALOG!, "greedy", { build: "tail /dev/zero" });
  const group = join(memoryGroups()!, `rbee-test-${process.pid}`);
  mkdirSync(group);
  writeFileSync(join(group, existsSync(join(group, "memory.max")) ? "memory.max" : "memory.limit_in_bytes"), String(256 << 20));
  const serving = Bun.spawn(
    ["sh", "-c", 'echo $$ >"$0/cgroup.procs" && exec "$@"', group, ...rbeeCommand, "hive", "serve", "--port", "0"],
    { env: home.env, stdout: "ignore", stderr: "ignore" },
  );
  try {
    await until("it serves", () => existsSync(join(home.path, "state/hive.json")));
    expect(await home.rbee(INSTALL)).toMatchObject({ code: 0 });
    const greedy = await home.rbee(["worker", "download", "greedy", "--yes"]);
    expect(greedy).toMatchObject({ code: 1, stderr: expect.stringMatching(/build\(\) .*(SIGKILL|exit code)/) });
    expect(serving.exitCode).toBeNull();
  } finally {
    await home.rbee(["hive", "stop"]);
    await serving.exited;
    await until("the group is empty", () => tryRemove(group));
  }
});

/** Where the program under test lies an ordinary user may be kept out. */
function canBeOrdinary(): boolean {
  return Bun.spawnSync([...asOrdinary, ...rbeeCommand, "--version"], { cwd: "/" }).exitCode === 0;
}

function canTrace(): boolean {
  return Bun.which("strace") !== null && Bun.spawnSync(["strace", "-o", "/dev/null", "true"]).exitCode === 0;
}

function canMount(): boolean {
  return (
    Bun.spawnSync(["unshare", ...(isRoot ? [] : ["--map-root-user"]), "--mount", "mount", "-t", "tmpfs", "tmpfs", "/mnt"]).exitCode === 0
  );
}

/** Where a group with a limit on memory may be made, version 1 or 2; undefined where none may. */
function memoryGroups(): string | undefined {
  return ["/sys/fs/cgroup/memory", "/sys/fs/cgroup"].find((place) => {
    const probe = join(place, `rbee-probe-${process.pid}`);
    try {
      mkdirSync(probe);
      return ["memory.max", "memory.limit_in_bytes"].some((name) => existsSync(join(probe, name)));
    } catch {
      return false;
    } finally {
      if (existsSync(probe)) rmdirSync(probe);
    }
  });
}

function tryRemove(group: string): boolean {
  try {
    rmdirSync(group);
    return true;
  } catch {
    return false;
  }
}
