// Machines that lack something: no PATH, no home, few descriptors, a reader that does not read, no strong means.
import { expect, test } from "bun:test";
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { makeHome, rbeeCommand, until } from "../harness.ts";
import { writeRecipe } from "../recipes.ts";

function makeHomeWith(build: string, env: Record<string, string> = {}) {
  const home = makeHome(env);
  home.env.RBEE_CATALOG = join(home.path, "catalog");
  writeRecipe(home.env.RBEE_CATALOG, "hello", { build });
  return home;
}

const LACKS: readonly [what: string, env: Record<string, string>][] = [
  ["a home", { HOME: "/nonexistent" }],
  ["a strong means", { RBEE_PROCESS_MEANS: "process group" }],
  ["namespaces", { RBEE_PROCESS_MEANS: "guardian" }],
];

test.each(LACKS)("without %s a worker is installed all the same", async (_, env) => {
  await using home = makeHomeWith("(setsid sleep 600 >/dev/null 2>&1 &)", env);
  expect(await home.rbee(["worker", "download", "hello", "--yes"])).toMatchObject({ code: 0 });
  expect((await home.rbee(["capabilities", "--json"])).stdout).toContain("process_means");
});

test("a means that this machine does not have is refused at the start, by name", async () => {
  await using home = makeHomeWith(":", { RBEE_PROCESS_MEANS: "magic" });
  const { code, stderr } = await home.rbee(["hive", "serve", "--port", "0"]);
  expect(code).toBe(2);
  expect(stderr).toContain("magic");
});

test("an empty PATH is told as what it is, not as a bug", async () => {
  await using home = makeHomeWith(":");
  const { code, stderr } = await home.rbee(["worker", "download", "hello", "--yes"], { env: { PATH: "" } });
  if (code !== 0) expect(stderr).toMatch(/code: [A-Z_]+/);
  expect(stderr).not.toContain("INTERNAL");
  expect(await home.rbee(["worker", "list"], { env: { PATH: "" } })).toMatchObject({ code: 0 });
});

test("few file descriptors: an error at most, and the hive goes on", async () => {
  await using home = makeHomeWith(":");
  const serving = Bun.spawn(["bash", "-c", 'ulimit -n 40; exec "$@"', "bash", ...rbeeCommand, "hive", "serve", "--port", "0"], {
    env: home.env,
    stdout: "ignore",
    stderr: "ignore",
  });
  await until("it serves", async () => (await home.rbee(["hive", "status"])).code === 0);
  const answers = await Promise.all(Array.from({ length: 12 }, () => home.rbee(["worker", "download", "hello", "--yes", "--force"])));
  expect(answers.every(({ code, stderr }) => code === 0 || /code: [A-Z_]+/.test(stderr))).toBe(true);
  expect(await home.rbee(["worker", "download", "hello", "--yes", "--force"])).toMatchObject({ code: 0 });
  expect(serving.exitCode).toBeNull();
}, 60_000);

test("a command whose words nobody reads does not hold up its job", async () => {
  await using home = makeHomeWith("yes 'a line of a compiler' | head -n 200000");
  const command = home.start(["worker", "download", "hello", "--yes"]);
  await until("the job is over", async () => (await home.rbee(["job", "list"])).stdout.includes("succeeded"));
  command.kill("SIGKILL");
});

const ENDS: readonly [build: string, told: string][] = [
  ["kill -SEGV $$", "build() of hello was ended by SIGSEGV"],
  ["exit 3", "build() of hello failed with exit code 3"],
];

test.each(ENDS)("a build that does `%s` is told as what it was: %s", async (build, told) => {
  await using home = makeHomeWith(build);
  const { code, stderr } = await home.rbee(["worker", "download", "hello", "--yes"]);
  expect(code).toBe(1);
  expect(stderr).toContain(told);
});

/** What programs print when nobody thinks of a reader. */
const NOISE = String.raw`printf 'nul:a\0b\n'; printf 'colour:\033[31mred\033[2J\n'; printf 'bar:10%%\r50%%\r100%%\n'; printf 'bytes:\377\376\n'; printf 'sse:\n\nid: 7\nevent: result\ndata: {}\n\n'; printf 'last without newline'`;

test("what a build prints is kept as it is, and imitates nothing", async () => {
  await using home = makeHomeWith(NOISE);
  const { code, stdout } = await home.rbee(["worker", "download", "hello", "--yes", "--json"]);
  expect(code).toBe(0);
  const events = stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as { event: string; data: { lines?: string[] } });
  const lines = events.filter(({ event }) => event === "log").flatMap(({ data }) => data.lines ?? []);
  for (const line of [
    "nul:a\0b",
    "colour:\x1b[31mred\x1b[2J",
    "bar:10%\r50%\r100%",
    "bytes:\uFFFD\uFFFD",
    "event: result",
    "last without newline",
  ])
    expect(lines).toContain(line);
  expect(events.filter(({ event }) => event === "result")).toHaveLength(1);
});

test("a line of a hundred million bytes is bounded: the oldest of the log gives way and says so, the job goes on", async () => {
  await using home = makeHomeWith("head -c 100000000 /dev/zero | tr '\\0' x; echo; echo the end", { RBEE_JOURNAL_MIB: "8" });
  expect(await home.rbee(["worker", "download", "hello", "--yes", "--detach"])).toMatchObject({ code: 0 });
  await until("it is over", async () => (await home.rbee(["job", "list"])).stdout.includes("succeeded"), 40_000);
  const journal = readdirSync(join(home.path, "state/jobs")).map((job) => join(home.path, "state/jobs", job, "journal.sse"))[0]!;
  expect(statSync(journal).size).toBeLessThanOrEqual(8 << 20);
  const text = await Bun.file(journal).text();
  expect(text).toContain("The first lines of this log gave way to later ones");
  expect(text).toContain("the end");
}, 60_000);
