// What is typed wrong, oddly or from an odd place: told in words, with the exit code that the contract names.
import { expect, test } from "bun:test";
import { mkdirSync, openSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { makeHome, rbeeCommand } from "../harness.ts";

test("help and version may be asked for in every usual way", async () => {
  await using home = makeHome();
  const asked = (await home.rbee(["worker", "list", "--help"])).stdout;
  expect(asked).toContain("Usage: rbee worker list");
  for (const words of [
    ["help", "worker", "list"],
    ["worker", "help", "list"],
  ]) {
    expect(await home.rbee(words)).toEqual({ code: 0, stdout: asked, stderr: "" });
  }
  const version = (await home.rbee(["--version"])).stdout;
  expect((await home.rbee(["version"])).stdout).toBe(version);
  expect(JSON.parse((await home.rbee(["--version", "--json"])).stdout)).toEqual({ version: version.trim().split(" ")[1]! });
  expect(await home.rbee(["--bogus"])).toMatchObject({ code: 2, stdout: "", stderr: expect.stringContaining("Unknown flag --bogus") });
});

test("a wrong value is told by the name that was typed, in words, with the place to read on", async () => {
  await using home = makeHome();
  const wrong: [string[], string][] = [
    [["worker", "get", "Ünfit"], "<id>: must be a worker's id, or id@version"],
    [["worker", "spawn", "--port", "99999"], "--port: must be 65535 or less"],
    [["worker", "spawn", "--model", ""], "--model: must not be empty"],
    [["infer", "hi", "--max-tokens", "some"], "--max-tokens: must be a number"],
    [["worker", "import", "x".repeat(5_000)], "<FILE>: must have at most 4096 characters"],
  ];
  for (const [words, message] of wrong) {
    const ran = await home.rbee(words);
    const command = words.slice(0, words[0] === "infer" ? 1 : 2).join(" ");
    expect(ran).toEqual({ code: 2, stdout: "", stderr: `error: ${message}\nhint: See rbee ${command} --help\ncode: INVALID_INPUT\n` });
  }
});

test("a mistyped worker is answered with the one that was meant; a word that resembles nothing is not", async () => {
  await using home = makeHome();
  expect((await home.rbee(["worker", "get", "llama-node-cup"])).stderr).toContain("Did you mean llama-node-cpu?");
  expect((await home.rbee(["worker", "get", "ghost"])).stderr).not.toContain("Did you mean");
  expect((await home.rbee(["a"])).stderr).toStartWith('error: Unknown command "a"\n');
});

test("what is no id of a job or a process is not found, however long or odd; nothing of it moves the cursor", async () => {
  await using home = makeHome();
  for (const id of ["", "x".repeat(100_000)]) {
    expect(await home.rbee(["job", "get", id])).toMatchObject({ code: 3, stderr: expect.stringContaining("code: JOB_NOT_FOUND") });
    expect((await home.rbee(["worker", "process", "logs", id])).stderr).toContain("code: PROCESS_NOT_FOUND");
  }
  const { stderr } = await home.rbee(["job", "get", "\x1b[2J\x07"]);
  expect(stderr).toContain('"\\x1b[2J\\x07"');
  expect(stderr).not.toContain("\x1b");
});

test("with --json every command that ends well answers in JSON", async () => {
  await using home = makeHome();
  const json = async (...words: string[]) => {
    const { stdout, code } = await home.rbee([...words, "--json"]);
    expect(code).toBe(0);
    return JSON.parse(stdout) as Record<string, unknown>;
  };
  expect(await json("config", "set", "port", "0")).toMatchObject({ key: "port", value: "0", from: join(home.path, "config/config.json") });
  expect(await json("config", "unset", "port")).toMatchObject({ key: "port", value: "7835", from: "default" });
  expect(await json("completion", "bash")).toMatchObject({ shell: "bash", script: expect.stringContaining("complete") });
  expect(await json("man", "--install", join(home.path, "man"))).toMatchObject({ directory: join(home.path, "man/man1") });
  const { pid } = await json("hive", "start", "--port", "0");
  expect(await json("hive", "token")).toMatchObject({ token: expect.stringMatching(/^[\w-]{43}$/) });
  expect(await json("hive", "stop")).toEqual({ running: false, pid });
});

test("short flags may be written together", async () => {
  await using home = makeHome();
  expect(await home.rbee(["worker", "list", "-qv"])).toEqual({ code: 0, stdout: "", stderr: "" });
  expect((await home.rbee(["worker", "list", "-qx"])).stderr).toContain("Unknown flag -qx");
});

test("a place that is written relative means where the person is, for the hive as well", async () => {
  await using home = makeHome();
  const env = { RBEE_HOME: "here" };
  const { stdout, code } = await home.rbee(["hive", "start", "--port", "0", "--json"], { env });
  expect({ code, hive: JSON.parse(stdout) }).toMatchObject({ code: 0, hive: { running: true } });
  expect((await home.rbee(["hive", "stop"], { env: { RBEE_HOME: join(home.path, "here") } })).code).toBe(0);
});

test("a catalog that the hive which runs does not ask is told, until it is started anew", async () => {
  await using home = makeHome();
  mkdirSync(join(home.path, "catalog"));
  const env = { RBEE_CATALOG: "catalog" };
  await home.rbee(["hive", "start", "--port", "0"]);
  const told = `warning: The hive that runs was started without catalog (RBEE_CATALOG); to have it asked: rbee hive restart\n`;
  expect((await home.rbee(["worker", "list"], { env })).stderr).toStartWith(told);
  await home.rbee(["hive", "restart", "--port", "0"], { env });
  expect((await home.rbee(["worker", "list"], { env })).stderr).not.toContain("warning");
});

test("a home that cannot be written is a missing right, not a bug", async () => {
  await using home = makeHome();
  writeFileSync(join(home.path, "file"), "");
  const ran = await home.rbee(["worker", "list"], { env: { RBEE_HOME: join(home.path, "file") } });
  expect(ran).toEqual({
    code: 4,
    stdout: "",
    stderr: `error: Cannot write to ${join(home.path, "file/state")}\nhint: Name a directory that you can write to: export RBEE_HOME=DIR\ncode: PERMISSION_DENIED\n`,
  });
});

test("a config.json that cannot be read is named with the line that moves it away", async () => {
  await using home = makeHome();
  const file = join(home.path, "config/config.json");
  mkdirSync(join(home.path, "config"));
  writeFileSync(file, '{"port": "x"');
  expect((await home.rbee(["worker", "list"])).stderr).toContain(`hint: Mend it, or move it away: mv '${file}' '${file}.old'\n`);
  expect((await home.rbee(["doctor"])).stdout).toContain(`mv '${file}' '${file}.old'`);
});

test.if(process.platform === "linux").each(["--version", "worker available"])("a full disk behind stdout is told: %s", async (words) => {
  await using home = makeHome();
  const full = openSync("/dev/full", "w");
  const ran = Bun.spawn([...rbeeCommand, ...words.split(" ")], { env: home.env, stdin: "ignore", stdout: full, stderr: "pipe" });
  const [stderr, code] = await Promise.all([new Response(ran.stderr).text(), ran.exited]);
  expect({ stderr, code }).toEqual({
    stderr: "error: Could not write to stdout: ENOSPC: no space left on device, write\ncode: DISK_FULL\n",
    code: 4,
  });
});
