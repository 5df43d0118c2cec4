// Installing rbee itself from a release on a server, and renewing it.
import { expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { chmodSync, copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { makeHome, rbeeCommand, root, temporaryDirectory } from "../harness.ts";

const isCompiled = rbeeCommand.length === 1;
const name = `rbee-${process.platform}-${process.arch}`;

/** A server with a release whose program is this text; `sums` tells something else of it when given. */
function serveRelease(program: string, sums = createHash("sha256").update(program).digest("hex")) {
  const files: Record<string, string> = { [`/${name}`]: program, "/SHA256SUMS": `${sums}  ${name}\n` };
  const server = Bun.serve({
    port: 0,
    fetch: (request) =>
      new Response(files[new URL(request.url).pathname] ?? null, { status: files[new URL(request.url).pathname] ? 200 : 404 }),
  });
  return { url: `http://127.0.0.1:${server.port}`, [Symbol.asyncDispose]: () => server.stop(true) };
}

const PROGRAM = '#!/bin/sh\n[ "$1" = --version ] && echo "rbee 9.9.9"\nexit 0\n';

function install(flags: readonly string[], home: string) {
  const env = { PATH: process.env.PATH ?? "", HOME: home, RBEE_HOME: join(home, "rbee") };
  return Bun.spawn(["sh", join(root, "install.sh"), ...flags], { env, stdin: "ignore", stdout: "pipe", stderr: "pipe" });
}

test.if(process.platform !== "win32")("install.sh fetches, verifies, places and takes away again", async () => {
  using home = temporaryDirectory();
  await using release = serveRelease(PROGRAM);
  const binary = join(home.path, ".local/bin/rbee");
  const ran = install(["--from", release.url], home.path);
  expect({ code: await ran.exited, said: await new Response(ran.stderr).text() }).toMatchObject({
    code: 0,
    said: expect.stringContaining("rbee 9.9.9 is in"),
  });
  expect(readFileSync(binary, "utf8")).toBe(PROGRAM);
  expect(readdirSync(join(home.path, ".local/bin"))).toEqual(["rbee"]);
  expect(await install(["--uninstall"], home.path).exited).toBe(0);
  expect(existsSync(binary)).toBe(false);
});

test.if(isCompiled)("install.sh brings the manual along, and takes it away", async () => {
  using home = temporaryDirectory();
  const release = join(home.path, "release");
  mkdirSync(release);
  copyFileSync(rbeeCommand[0]!, join(release, name));
  const sum = createHash("sha256").update(readFileSync(rbeeCommand[0]!)).digest("hex");
  writeFileSync(join(release, "SHA256SUMS"), `${sum}  ${name}\n`);
  const pages = join(home.path, ".local/share/man/man1");
  expect(await install(["--from", release], home.path).exited).toBe(0);
  expect(readdirSync(pages)).toContain("rbee-worker-download.1");
  expect(await install(["--uninstall"], home.path).exited).toBe(0);
  expect(readdirSync(pages)).toEqual([]);
});

test.if(process.platform !== "win32")(
  "install.sh refuses a wrong checksum, a release without our machine and a server that is not there",
  async () => {
    using home = temporaryDirectory();
    await using wrong = serveRelease(PROGRAM, "0".repeat(64));
    expect(await install(["--from", wrong.url], home.path).exited).toBe(6);
    await using other = serveRelease(PROGRAM, "");
    expect(await install(["--from", other.url], home.path).exited).toBe(4);
    expect(await install(["--from", "http://127.0.0.1:1"], home.path).exited).toBe(1);
    expect(await install([], home.path).exited).toBe(2);
    expect(readdirSync(join(home.path, ".local/bin"))).toEqual([]);
  },
);

test.if(isCompiled)("self update replaces the program by one that was verified and runs, else leaves it as it was", async () => {
  await using home = makeHome();
  const binary = join(home.path, "rbee");
  copyFileSync(rbeeCommand[0]!, binary);
  chmodSync(binary, 0o755);
  await using wrong = serveRelease(PROGRAM, "0".repeat(64));
  await using broken = serveRelease("#!/bin/sh\nexit 1\n");
  await using right = serveRelease(PROGRAM);
  // The servers answer from this process, so the calls must not block it.
  const run = async (url: string) => {
    const program = Bun.spawn([binary, "self", "update", "--from", url, "--json"], { env: home.env, stdout: "pipe", stderr: "ignore" });
    return { code: await program.exited, said: JSON.parse(await new Response(program.stdout).text()) as unknown };
  };
  expect((await run("nowhere")).code).toBe(2);
  expect(await run(wrong.url)).toMatchObject({ code: 6, said: { error: { code: "CHECKSUM_MISMATCH" } } });
  expect(await run(broken.url)).toMatchObject({ code: 1, said: { error: { code: "UPDATE_BROKEN" } } });
  expect(await run(right.url)).toMatchObject({ code: 0, said: { to: "9.9.9", changed: true } });
  expect(readFileSync(binary, "utf8")).toBe(PROGRAM);
  expect(readdirSync(home.path).filter((file) => file.startsWith(".rbee-update"))).toEqual([]);
});

test.if(Bun.which("systemd-analyze") !== null)(
  "the service's unit is one that systemd takes, with quotes and percents in its words",
  async () => {
    await using home = makeHome();
    const odd = join(home.path, 'a "b" 50% $HOME');
    const ran = await home.rbee(["hive", "install-service", "--dry-run"], { env: { RBEE_HOME: odd, HOME: home.path } });
    expect(ran.code).toBe(0);
    const unit = join(home.path, "rbee-hive.service");
    writeFileSync(unit, ran.stdout);
    const verified = Bun.spawnSync(["systemd-analyze", "--user", "--man=no", "verify", unit], {
      env: { ...home.env, XDG_RUNTIME_DIR: home.path },
      stderr: "pipe",
    });
    expect(verified.stderr.toString()).not.toContain(unit);
    expect(ran.stdout).toContain("KillMode=process");
    expect(ran.stdout).toContain("--keep-workers");
    expect(ran.stdout).toContain("50%% $HOME");
  },
);
