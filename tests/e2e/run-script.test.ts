// rbee run: scripts with `$` and the typed client.
import { expect, test } from "bun:test";
import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { listProcesses } from "../../lib/process/table.ts";
import { makeHome, until, untilSays } from "../harness.ts";
import { writeRecipe } from "../recipes.ts";

test("a script gets $, the typed client and its own arguments, flags too", async () => {
  await using home = makeHome();
  writeFileSync(join(home.path, "other.ts"), "export const greeting: string = 'hello'");
  writeFileSync(
    join(home.path, "script.ts"),
    `import { $, rbee } from "rbee";
import { greeting } from "./other.ts";
const { workers } = await rbee.worker.catalogList();
console.log(await $\`echo \${greeting} \${process.argv.slice(2).join(" ")}\`.text(), workers.length > 0);
setTimeout(() => console.log("last"), 20);`,
  );
  expect(await home.rbee(["run", "script.ts", "--help", "--json", "-x"])).toMatchObject({
    code: 0,
    stdout: "hello --help --json -x\n true\nlast\n",
  });
});

test("rbee run - reads stdin; an error of rbee's has its exit code, one of the script's its line", async () => {
  await using home = makeHome();
  const missing = 'import { rbee } from "rbee"; await rbee.worker.installedGet({ worker_id: "ghost" });';
  expect(await home.rbee(["run", "-"], { stdin: missing })).toMatchObject({
    code: 3,
    stderr: expect.stringContaining("code: WORKER_NOT_FOUND"),
  });
  expect(await home.rbee(["run", "-"], { stdin: 'throw new TypeError("boo")' })).toMatchObject({
    code: 1,
    stderr: expect.stringContaining("boo"),
  });
  expect(await home.rbee(["run", "-"], { stdin: "process.exitCode = 7" })).toMatchObject({ code: 7 });
});

test("a name that is no file points to infer and worker spawn", async () => {
  await using home = makeHome();
  const ran = await home.rbee(["run", "llama3"]);
  expect(ran.code).toBe(3);
  expect(ran.stderr).toContain('rbee infer --model "llama3"');
  expect(ran.stderr).toContain("rbee worker spawn");
});

test("Ctrl+C cancels the jobs and ends the programs that a script has started", async () => {
  await using home = makeHome();
  const catalog = join(home.path, "catalog");
  writeRecipe(catalog, "slow", { build: "echo building; sleep 61.7" });
  writeFileSync(
    join(home.path, "script.ts"),
    `import { $, rbee } from "rbee";
const { recipe } = await rbee.worker.catalogGet({ worker_id: "slow" });
void $\`sleep 61.8\`.nothrow();
await rbee.worker.install({ worker_id: "slow", recipe_digest: recipe!.digest }, {
  onEvent: (event) => { if (event.event === "log" && event.data.lines.includes("building")) console.log("building"); },
});`,
  );
  const script = home.start(["run", join(home.path, "script.ts")], { env: { RBEE_CATALOG: catalog } });
  await untilSays(script.stdout, "building");
  script.kill("SIGINT");
  expect(await script.exited).toBe(130);
  const { jobs } = JSON.parse((await home.rbee(["job", "list", "--json"])).stdout) as { jobs: { state: string }[] };
  expect(jobs.map(({ state }) => state)).toEqual(["cancelled"]);
  expect(readdirSync(join(home.path, "cache/build"))).toEqual([]);
  await until("no sleep is left", () => !listProcesses().some(({ command }) => /sleep 61\.[78]/.test(command)));
});

test("a signal given to a call cancels its job", async () => {
  await using home = makeHome();
  const catalog = join(home.path, "catalog");
  writeRecipe(catalog, "slow", { build: "sleep 60" });
  const stdin = `import { rbee } from "rbee";
const { recipe } = await rbee.worker.catalogGet({ worker_id: "slow" });
const stop = new AbortController();
const onEvent = (event) => { if (event.event === "step" && event.data.name === "Build") stop.abort(); };
await rbee.worker.install({ worker_id: "slow", recipe_digest: recipe.digest }, { onEvent, signal: stop.signal }).catch((error) => console.log(error.code));`;
  expect(await home.rbee(["run", "-"], { stdin, env: { RBEE_CATALOG: catalog } })).toMatchObject({ code: 0, stdout: "CANCELLED\n" });
});
