// Ways to leave a command that waits for a job: a closed terminal, a stop and a continue, a lost connection, a second Ctrl+C.
import { expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { findProcess } from "../../lib/process/table.ts";
import { namesIn, processesWith } from "../../scripts/chaos/witness.ts";
import { type Home, makeHome, rbeeCommand, until, untilSays } from "../harness.ts";
import { writeRecipe } from "../recipes.ts";

/** A home with a recipe whose build goes on until {@link letGo}. Builds see their own directories only, so both speak through those. */
function makeWaitingHome(): Home {
  const home = makeHome();
  home.env.RBEE_CATALOG = join(home.path, "catalog");
  writeRecipe(home.env.RBEE_CATALOG, "waiting", { build: 'touch "$srcdir/began"; until [ -e "$srcdir/go" ]; do sleep 0.02; done' });
  return home;
}

const builds = (home: Home) => processesWith(join(home.path, "cache/build"));

/** A file of the build that runs, as it is seen from outside. */
function inBuild(home: Home, name: string): string | undefined {
  const root = join(home.path, "cache/build");
  return namesIn(root)
    .map((job) => join(root, job, "src", name))
    .find((path) => existsSync(dirname(path)));
}

const untilBegun = (home: Home) => until("the build runs", () => existsSync(inBuild(home, "began") ?? ""));
const letGo = (home: Home) => Bun.write(inBuild(home, "go")!, "");

async function download(home: Home, ...words: string[]) {
  const command = home.start(["worker", "download", "waiting", "--yes", ...words]);
  await untilBegun(home);
  return command;
}

test("a closed terminal cancels: exit 129, nothing is left", async () => {
  await using home = makeWaitingHome();
  const command = Bun.spawn([...rbeeCommand, "worker", "download", "waiting", "--yes"], {
    env: home.env,
    terminal: { cols: 80, rows: 24 },
  });
  await untilBegun(home);
  command.terminal!.close();
  expect(await command.exited).toBe(129);
  expect(builds(home)).toEqual([]);
});

test("--detach prints the job and leaves it alone; rbee job logs -f joins it, Ctrl+C there only leaves", async () => {
  await using home = makeWaitingHome();
  const { stdout, code } = await home.rbee(["worker", "download", "waiting", "--yes", "--detach"]);
  expect(code).toBe(0);
  const job = stdout.trim();
  await untilBegun(home);
  const watcher = home.start(["job", "logs", "-f", job]);
  await untilSays(watcher.stderr, "Starting build()");
  watcher.kill("SIGINT");
  expect(await watcher.exited).toBe(130);
  expect(builds(home).length).toBeGreaterThan(0);
  await letGo(home);
  expect((await home.rbee(["job", "logs", "-f", job])).code).toBe(0);
});

test("Ctrl+Z stops the command, not the job; it goes on where it was", async () => {
  await using home = makeWaitingHome();
  const command = await download(home);
  // What a terminal's SIGTSTP does by default; sent to an orphaned group, as under some CI, the kernel would drop that one (POSIX, 2.4.3).
  command.kill("SIGSTOP");
  await until("it is stopped", () => findProcess(command.pid)?.state === "T");
  await letGo(home);
  await until("the build is over", () => builds(home).length === 0);
  command.kill("SIGCONT");
  expect(await command.exited).toBe(0);
});

test("a second Ctrl+C leaves at once and says that the job may still be ending", async () => {
  await using home = makeHome();
  home.env.RBEE_CATALOG = join(home.path, "catalog");
  writeRecipe(home.env.RBEE_CATALOG, "deaf", { build: `trap '' TERM; touch "$srcdir/began"; while :; do sleep 1; done` });
  const command = home.start(["worker", "download", "deaf", "--yes"]);
  await untilBegun(home);
  const [waited, heard] = command.stderr.tee();
  const { pid } = await Bun.file(join(home.path, "state/hive.json")).json();
  command.kill("SIGINT");
  await untilSays(waited, "==> Killing process group");
  // The hive is held where it is, so that the job cannot be over before the second.
  process.kill(pid, "SIGSTOP");
  command.kill("SIGINT");
  expect(await command.exited).toBe(130);
  process.kill(pid, "SIGCONT");
  expect(await new Response(heard).text()).toContain("may still be ending");
});

test("Ctrl+C before the command knows its job: it is told of the job, and ends it", async () => {
  await using home = makeWaitingHome();
  home.start(["hive", "serve", "--port", "0"]);
  await until("it serves", () => existsSync(join(home.path, "state/hive.json")));
  const { url } = await Bun.file(join(home.path, "state/hive.json")).json();
  const token = (await home.rbee(["hive", "token"])).stdout.trim();
  let interrupt = () => {};
  using between = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    async fetch(request) {
      const { pathname, search } = new URL(request.url);
      const { method, headers } = request;
      headers.delete("host");
      const answer = await fetch(`${url}${pathname}${search}`, { method, headers, body: method === "POST" ? await request.text() : null });
      const body = await answer.text();
      // The install builds, and the command has not heard of its job.
      if (method === "POST" && body.includes("job_id") && (await isInstall(home, body))) {
        await untilBegun(home);
        interrupt();
        // For a command that would die of it.
        await Bun.sleep(50);
      }
      return new Response(body, answer);
    },
  });
  const env = { RBEE_HIVE_URL: between.url.origin, RBEE_TOKEN: token };
  const command = home.start(["worker", "download", "waiting", "--yes"], { env });
  interrupt = () => command.kill("SIGINT");
  expect(await command.exited).toBe(130);
  expect(builds(home)).toEqual([]);
  expect(await new Response(command.stderr).text()).toContain("Build cancelled by user");
});

/** Queries are not among the jobs. */
async function isInstall(home: Home, answer: string): Promise<boolean> {
  const { job_id } = JSON.parse(answer) as { job_id: string };
  return (await home.rbee(["job", "list", "--json"])).stdout.includes(job_id);
}

test("two who install the same share one job; one who leaves does not end it for the other", async () => {
  await using home = makeWaitingHome();
  const first = await download(home);
  const second = home.start(["worker", "download", "waiting", "--yes"]);
  const [waited, heard] = second.stderr.tee();
  await untilSays(waited, "Starting build()");
  const { jobs } = JSON.parse((await home.rbee(["job", "list", "--json"])).stdout) as { jobs: unknown[] };
  expect(jobs.length).toBe(1);
  second.kill("SIGINT");
  expect(await second.exited).toBe(130);
  expect(await new Response(heard).text()).toContain("goes on");
  const impatient = await home.rbee(["worker", "download", "waiting", "--yes", "--timeout", "1ms"]);
  expect(impatient).toMatchObject({ code: 124, stderr: expect.stringMatching(/Left after 1 ms; job \w+ goes on/) });
  await letGo(home);
  expect(await first.exited).toBe(0);
});

test("a remove waits for the install that runs", async () => {
  await using home = makeWaitingHome();
  const install = await download(home);
  const remove = home.start(["worker", "remove", "waiting"]);
  await until("it waits", async () => (await home.rbee(["job", "list"])).stdout.includes("queued"));
  await letGo(home);
  expect([await install.exited, await remove.exited]).toEqual([0, 0]);
  expect(existsSync(join(home.path, "system/bin/waiting"))).toBe(false);
});

test("a hive that dies while somebody reads: the reader comes back to the next one and is told that the job was interrupted", async () => {
  await using home = makeWaitingHome();
  // The usual port may be somebody else's by the time the next one wants it.
  await home.rbee(["hive", "start", "--port", "0"]);
  const command = await download(home);
  const { pid } = await Bun.file(join(home.path, "state/hive.json")).json();
  const port = new URL((await Bun.file(join(home.path, "state/hive.json")).json()).url).port;
  process.kill(pid, "SIGKILL");
  await until("it is dead", () => (findProcess(pid)?.state ?? "Z") === "Z");
  expect(await home.rbee(["hive", "start", "--port", port])).toMatchObject({ code: 0 });
  expect(await command.exited).toBe(1);
  expect(await new Response(command.stderr).text()).toContain("code: INTERRUPTED");
  await until("nothing is left", () => builds(home).length === 0);
});

test("a hive that does not come back: the lost connection is told, tried again for as long as asked, then exit 5 with the way back", async () => {
  await using home = makeWaitingHome();
  const serving = home.start(["hive", "serve", "--port", "0"]);
  await until("it serves", () => existsSync(join(home.path, "state/hive.json")));
  const { url } = await Bun.file(join(home.path, "state/hive.json")).json();
  const token = (await home.rbee(["hive", "token"])).stdout.trim();
  const env = { RBEE_HIVE_URL: url as string, RBEE_TOKEN: token, RBEE_RECONNECT: "300ms" };
  const command = home.start(["worker", "download", "waiting", "--yes"], { env });
  await untilBegun(home);
  serving.kill("SIGKILL");
  expect(await command.exited).toBe(5);
  const said = await new Response(command.stderr).text();
  expect(said).toContain("warning: The connection to the hive was lost; trying again for 300 ms");
  expect(said).toContain("code: CONNECTION_LOST");
  expect(said).toMatch(/hint: .*rbee job logs/);
});
