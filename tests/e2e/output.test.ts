// What stands on stdout and what on stderr, for programs, pipes, dumb and narrow terminals.
import { expect, test } from "bun:test";
import { join } from "node:path";
import { makeHome, rbeeCommand, until } from "../harness.ts";
import { writeRecipe } from "../recipes.ts";

test("rbee alone says where you are and what to type next", async () => {
  await using home = makeHome();
  const ran = await home.rbee([]);
  expect(ran).toMatchObject({ code: 0, stderr: "" });
  expect(ran.stdout).toContain("No hive runs");
  expect(ran.stdout).toContain("Installed: no worker, no model. Next: rbee worker download llama-node-cpu\n");
});

test("the version is one line", async () => {
  await using home = makeHome();
  const ran = await home.rbee(["--version"]);
  expect(ran.stdout).toMatch(/^rbee \d+\.\d+\.\d+\n$/);
  expect(ran.code).toBe(0);
});

test("the catalog is a table of five columns in a pipe, nothing shortened, no colour", async () => {
  await using home = makeHome();
  const { stdout } = await home.rbee(["worker", "available"]);
  const [title, ...rows] = stdout.trimEnd().split("\n");
  expect(title).toMatch(/^DESCRIPTION +ID +NAME +PLATFORMS +TYPE$/);
  expect(rows.find((row) => row.includes("llm-worker-rbee-cpu"))).toMatch(
    /^Candle-based LLM inference worker with CPU acceleration +llm-worker-rbee-cpu +LLM Worker \(CPU\) +linux, macos, windows +cpu$/,
  );
  expect(stdout).not.toContain("\x1b");
});

test("with --json an install is one event a line, ending with how it ended; data alone for a list", async () => {
  await using home = makeHome();
  const catalog = join(home.path, "catalog");
  writeRecipe(catalog, "json", { build: "echo out; echo err >&2" });
  const env = { RBEE_CATALOG: catalog };
  const { stdout, stderr, code } = await home.rbee(["worker", "download", "json", "--yes", "--json"], { env });
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  const events = stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as { id: number; event: string; data: never });
  expect(events.map(({ id }) => id)).toEqual(events.map((_, index) => index + 1));
  expect(events.at(-1)).toMatchObject({ event: "end", data: "[DONE]" });
  const steps = events.filter(({ event, data }) => event === "step" && (data as { status: string }).status === "done");
  expect(steps.map(({ data }) => (data as { index: number }).index)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14]);
  const lines = events.filter(({ event }) => event === "log").flatMap(({ data }) => (data as { lines: string[] }).lines);
  expect(lines).toContain("out");
  expect(lines).toContain("err");
  const list = JSON.parse((await home.rbee(["--json", "worker", "list"])).stdout) as { workers: { id: string }[] };
  expect(list.workers).toMatchObject([{ id: "json" }]);
});

test("with --json an error is JSON on stdout and words on stderr", async () => {
  await using home = makeHome();
  const ran = await home.rbee(["worker", "get", "nope", "--json"]);
  expect(ran.code).toBe(3);
  expect(ran.stdout).toContain('"code":"WORKER_NOT_FOUND"');
  expect(ran.stderr).toContain("error: ");
});

test("--quiet leaves the result; FORCE_COLOR colours, NO_COLOR does not", async () => {
  await using home = makeHome();
  const catalog = join(home.path, "catalog");
  writeRecipe(catalog, "quiet");
  const env = { RBEE_CATALOG: catalog };
  const ran = await home.rbee(["worker", "download", "quiet", "--yes", "--quiet"], { env });
  expect(ran).toMatchObject({ code: 0, stdout: `${join(home.path, "system/bin/quiet")}\n`, stderr: "" });
  expect((await home.rbee(["worker", "get", "nope"], { env: { FORCE_COLOR: "1" } })).stderr).toContain("\x1b[31merror:");
  expect((await home.rbee(["worker", "get", "nope"], { env: { NO_COLOR: "1" } })).stderr).not.toContain("\x1b");
});

test.each(["bash", "zsh", "fish"])("the completion for %s knows commands and flags", async (shell) => {
  await using home = makeHome();
  const { stdout, code } = await home.rbee(["completion", shell]);
  expect(code).toBe(0);
  expect(stdout).toContain("download");
  expect(stdout).toContain("--timeout");
  if (shell === "bash") {
    const script = `${stdout}\nCOMP_WORDS=(rbee worker dow); COMP_CWORD=2; _rbee; echo "\${COMPREPLY[@]}"`;
    expect(Bun.spawnSync(["bash", "-c", script]).stdout.toString().trim()).toBe("download");
  }
});

const tmux = Bun.which("tmux");

/** What a terminal of this width shows after a command. */
async function screen(width: number, args: string, env: Record<string, string>): Promise<string> {
  const socket = `rbee-test-${process.pid}-${Math.random().toString(36).slice(2)}`;
  const set = Object.entries(env)
    .map(([name, value]) => `${name}='${value}'`)
    .join(" ");
  const run = (...words: string[]) => Bun.spawnSync([tmux!, "-L", socket, ...words]).stdout.toString();
  const command = `env -u CI ${set} ${rbeeCommand.join(" ")} ${args}; echo; echo FINISHED; sleep 60`;
  run("new-session", "-d", "-x", String(width), "-y", "60", command);
  try {
    await until("the command is done", () => run("capture-pane", "-p").includes("FINISHED"));
    return run("capture-pane", "-p", "-J", "-S", "-");
  } finally {
    run("kill-server");
  }
}

test.if(tmux !== null).each([80, 40])("on a terminal of %d columns no id is shortened and no line is wrapped", async (width) => {
  await using home = makeHome();
  const { RBEE_HOME, RBEE_SYSTEM_PREFIX } = home.env as { RBEE_HOME: string; RBEE_SYSTEM_PREFIX: string };
  const shown = await screen(width, "worker available", { RBEE_HOME, RBEE_SYSTEM_PREFIX });
  for (const id of ["llama-node-cpu", "llm-worker-rbee-cpu", "llm-worker-rbee-cuda", "llm-worker-rbee-metal"]) expect(shown).toContain(id);
  expect(Math.max(...shown.split("\n").map((line) => Bun.stringWidth(line.trimEnd())))).toBeLessThanOrEqual(width);
});

test.if(tmux !== null)("a terminal sees symbols and one moving line; a finished step stays", async () => {
  await using home = makeHome();
  const catalog = join(home.path, "catalog");
  writeRecipe(catalog, "seen", { build: "for n in 1 2 3; do echo line-$n; done" });
  const { RBEE_HOME, RBEE_SYSTEM_PREFIX } = home.env as { RBEE_HOME: string; RBEE_SYSTEM_PREFIX: string };
  const shown = await screen(80, "worker download seen --yes", { RBEE_HOME, RBEE_SYSTEM_PREFIX, RBEE_CATALOG: catalog });
  expect(shown).toContain("✓ [14/14] Cleanup temp files");
  expect(shown).toContain("✅ Worker installed");
  expect(shown).not.toContain("line-2");
});
