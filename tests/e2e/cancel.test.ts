// Ctrl+C, DELETE and SIGTERM end a build with everything it started, and only then say so.
import { expect, test } from "bun:test";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { environmentOf, listProcesses } from "../../lib/process/table.ts";
import { type Home, makeHome, until } from "../harness.ts";
import { writeRecipe } from "../recipes.ts";

/** Starts an install whose build never ends; its processes carry a mark of their own, so that they are found from outside. */
async function startEndless(home: Home, build: string) {
  const catalog = join(home.path, "catalog");
  const mark = `MARK_${home.path.replaceAll(/\W/g, "_")}`;
  writeRecipe(catalog, "endless", { build: `export ${mark}=1\n  ${build}` });
  const isOurs = (pid: number) => environmentOf(pid).includes(`${mark}=1`);
  const alive = () => listProcesses().filter(({ pid, state }) => state !== "Z" && isOurs(pid));
  const program = home.start(["worker", "download", "endless", "--yes"], { env: { RBEE_CATALOG: catalog } });
  return { program, alive };
}

const BUILDS: readonly [what: string, build: string, processes: number][] = [
  ["that obeys", "sleep 3600 & sleep 3600", 2],
  ["that ignores SIGTERM", "trap '' TERM; sleep 3600 & while :; do sleep 1; done", 2],
  ["whose child has a session of its own", "setsid sleep 3600 & sleep 3600", 2],
  ["that stopped itself", "sleep 3600 & sleep 0.3; kill -STOP $!; sleep 3600", 2],
];

test.each(BUILDS)("Ctrl+C ends a build %s: exit 130, no process, no directory", async (_, build, processes) => {
  await using home = makeHome();
  const { program, alive } = await startEndless(home, build);
  await until("the build runs", () => alive().length >= processes);
  program.kill("SIGINT");
  expect(await program.exited).toBe(130);
  expect(alive()).toEqual([]);
  expect(readdirSync(join(home.path, "cache/build"))).toEqual([]);
  const said = await new Response(program.stderr).text();
  expect(said).toContain("==> Build cancelled, killing process group...");
  expect(said).toMatch(/==> Killing process group PGID: \d+/);
  expect(said).toContain("==> SIGTERM sent to process group");
  expect(said).toContain("Build cancelled by user");
  expect(said.includes("SIGKILL sent")).toBe(build.startsWith("trap"));
});

test("SIGTERM cancels too: exit 143", async () => {
  await using home = makeHome();
  const { program, alive } = await startEndless(home, "sleep 3600");
  await until("the build runs", () => alive().length >= 1);
  program.kill("SIGTERM");
  expect(await program.exited).toBe(143);
  expect(alive()).toEqual([]);
});

test("rbee job cancel ends a job of another terminal; a second cancel is told that it had ended", async () => {
  await using home = makeHome();
  const { program, alive } = await startEndless(home, "sleep 3600");
  await until("the build runs", () => alive().length >= 1);
  const { jobs } = JSON.parse((await home.rbee(["job", "list", "--json"])).stdout) as { jobs: { job_id: string }[] };
  const id = jobs[0]!.job_id;
  expect(await home.rbee(["job", "cancel", id])).toMatchObject({ code: 0 });
  expect(alive()).toEqual([]);
  expect(await program.exited).toBe(130);
  expect(await home.rbee(["job", "cancel", id])).toMatchObject({ code: 1, stderr: expect.stringContaining("JOB_ENDED") });
});

test("hive stop ends a build that runs, and the next hive shows it as interrupted", async () => {
  await using home = makeHome();
  const { program, alive } = await startEndless(home, "sleep 3600");
  await until("the build runs", () => alive().length >= 1);
  expect(await home.rbee(["hive", "stop"])).toMatchObject({ code: 0 });
  expect(alive()).toEqual([]);
  expect(await program.exited).toBe(1);
  const { jobs } = JSON.parse((await home.rbee(["job", "list", "--json"])).stdout) as { jobs: { state: string }[] };
  expect(jobs[0]!.state).toBe("interrupted");
});

test("a hive that is killed leaves nothing for the next one to trip over", async () => {
  await using home = makeHome();
  const { program, alive } = await startEndless(home, "setsid sleep 3600 & sleep 3600");
  await until("the build runs", () => alive().length >= 2);
  const { pid } = JSON.parse(await Bun.file(join(home.path, "state/hive.json")).text()) as { pid: number };
  process.kill(pid, "SIGKILL");
  const { jobs } = JSON.parse((await home.rbee(["job", "list", "--json"])).stdout) as {
    jobs: { state: string; error: { code: string } }[];
  };
  expect(jobs[0]).toMatchObject({ state: "interrupted", error: { code: "INTERRUPTED" } });
  expect(alive()).toEqual([]);
  expect(readdirSync(join(home.path, "cache/build"))).toEqual([]);
  program.kill("SIGKILL");
  await program.exited;
});

test("the second of two who install the same joins the first; its Ctrl+C only leaves", async () => {
  await using home = makeHome();
  const { program: first, alive } = await startEndless(home, "sleep 3600");
  await until("the build runs", () => alive().length >= 1);
  const { program: second } = await startEndless(home, "sleep 3600");
  const reader = second.stderr.getReader();
  let said = "";
  while (!said.includes("Starting build()")) said += new TextDecoder().decode((await reader.read()).value);
  expect(said).toContain("Joined job");
  second.kill("SIGINT");
  expect(await second.exited).toBe(130);
  expect(alive().length).toBeGreaterThan(0);
  first.kill("SIGINT");
  expect(await first.exited).toBe(130);
  expect(alive()).toEqual([]);
});

test("--detach prints the job's id and leaves it running", async () => {
  await using home = makeHome();
  const catalog = join(home.path, "catalog");
  writeRecipe(catalog, "later", { build: "sleep 3600" });
  const env = { RBEE_CATALOG: catalog };
  const ran = await home.rbee(["worker", "download", "later", "--yes", "--detach"], { env });
  expect(ran.code).toBe(0);
  expect(ran.stdout).toMatch(/^[0-9a-f]{16}\n$/);
  expect(existsSync(join(home.path, "system/bin/later"))).toBe(false);
  const id = ran.stdout.trim();
  const soFar = await home.rbee(["job", "logs", id], { env });
  expect(soFar.code).toBe(0);
  expect(soFar.stderr).not.toContain("Cleanup temp files");
  await home.rbee(["job", "cancel", id], { env });
  expect(JSON.parse((await home.rbee(["job", "get", id, "--json"], { env })).stdout)).toMatchObject({ state: "cancelled" });
});
