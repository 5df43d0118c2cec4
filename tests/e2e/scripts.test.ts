// rbee in a script and on a CI runner: schemas that tell the truth, sections and marks, no home, a read-only root.
import { expect, test } from "bun:test";
import { mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { Validator } from "@seriousme/openapi-schema-validator";
import Ajv2020 from "ajv/dist/2020";
import { makeHome, rbeeCommand } from "../harness.ts";
import { writeRecipe } from "../recipes.ts";

const lines = (text: string) =>
  text
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as unknown);

test("every line of --json fits the published schema, whether a job succeeds, fails or was never made", async () => {
  await using home = makeHome();
  const catalog = join(home.path, "catalog");
  const env = { RBEE_CATALOG: catalog };
  writeRecipe(catalog, "good", { build: "echo one; echo two >&2" });
  writeRecipe(catalog, "bad", { build: "false" });
  const all = JSON.parse((await home.rbee(["schema"])).stdout) as { $defs: Record<string, object> };
  const ajv = new Ajv2020({ strict: false, validateFormats: false });
  const validator = (name: string) => ajv.compile(all.$defs[name]!);
  const install = validator("worker_install.event");
  const good = await home.rbee(["worker", "download", "good", "--yes", "--json"], { env });
  const bad = await home.rbee(["worker", "download", "bad", "--yes", "--json"], { env });
  expect([good.code, bad.code]).toEqual([0, 1]);
  for (const line of [...lines(good.stdout), ...lines(bad.stdout)])
    expect({ line, fits: install(line), why: install.errors }).toMatchObject({ fits: true });
  const list = validator("worker_list_installed.output");
  expect(list(lines((await home.rbee(["worker", "list", "--json"])).stdout)[0])).toBe(true);
  expect(validator("error")(lines((await home.rbee(["worker", "download", "--json"])).stdout)[0])).toBe(true);
  expect(validator("worker_install.input")({ worker_id: "../x" })).toBe(false);
});

test("/openapi.json is valid OpenAPI 3.1 and names every route and operation", async () => {
  await using home = makeHome();
  await home.rbee(["hive", "start", "--port", "0"]);
  const { url } = JSON.parse((await home.rbee(["hive", "status", "--json"])).stdout) as { url: string };
  const document = (await (await fetch(`${url}/openapi.json`)).json()) as {
    openapi: string;
    paths: object;
    components: { schemas: { Operation: { oneOf: { title: string }[] } } };
  };
  expect(await new Validator().validate(structuredClone(document))).toMatchObject({ valid: true });
  expect(document.openapi).toStartWith("3.1");
  expect(Object.keys(document.paths)).toEqual(expect.arrayContaining(["/v1/jobs/{id}/stream", "/v1/models/{id}", "/health"]));
  expect(document.components.schemas.Operation.oneOf.map(({ title }) => title)).toContain("worker_install");
});

test("GitHub gets sections and marks, and a build cannot give the runner commands", async () => {
  await using home = makeHome();
  const catalog = join(home.path, "catalog");
  writeRecipe(catalog, "sly", { build: "echo '::add-path::/tmp/evil'; false" });
  const ran = await home.rbee(["worker", "download", "sly", "--yes"], { env: { RBEE_CATALOG: catalog, GITHUB_ACTIONS: "true" } });
  const said = ran.stderr.split("\n").map((line) => line.trim());
  const obeyed: string[] = [];
  // As the runner reads: after stop-commands nothing is a command until the same word comes.
  let stopped: string | undefined;
  for (const line of said) {
    if (stopped !== undefined) stopped = line === `::${stopped}::` ? undefined : stopped;
    else if (line.startsWith("::stop-commands::")) stopped = line.slice("::stop-commands::".length);
    else if (line.startsWith("::")) obeyed.push(line);
  }
  expect(obeyed.some((line) => line.startsWith("::add-path"))).toBe(false);
  expect(said).toContain("::add-path::/tmp/evil");
  expect(obeyed.filter((line) => line.startsWith("::group::")).length).toBe(obeyed.filter((line) => line === "::endgroup::").length);
  expect(obeyed.find((line) => line.startsWith("::error title=BUILD_FAILED::build() of sly"))).toBeDefined();
});

test("GitLab gets sections that close", async () => {
  await using home = makeHome();
  const catalog = join(home.path, "catalog");
  writeRecipe(catalog, "hello");
  const { stderr, code } = await home.rbee(["worker", "download", "hello", "--yes"], { env: { RBEE_CATALOG: catalog, GITLAB_CI: "true" } });
  const names = (word: string) =>
    [...stderr.matchAll(new RegExp(`section_${word}:\\d+:(\\w+)(?:\\[collapsed=true\\])?\\r`, "g"))].map(([, name]) => name);
  expect(code).toBe(0);
  expect(names("start").length).toBeGreaterThan(2);
  expect(names("start")).toEqual(names("end"));
});

test("a reader that is slow gets all of a large answer", async () => {
  await using home = makeHome();
  const rbee = rbeeCommand.map((word) => `'${word}'`).join(" ");
  const piped = Bun.spawnSync(["sh", "-c", `${rbee} schema | { sleep 0.5; cat; }`], { env: home.env });
  expect(JSON.parse(piped.stdout.toString())).toHaveProperty("$defs");
});

/** A root of its own: everything read-only, no home, one directory that can be written. Needs unprivileged user namespaces or root. */
function inReadOnlyRoot(writable: string, command: readonly string[], env: Record<string, string>) {
  const walls = [
    "--ro-bind",
    "/",
    "/",
    "--dev",
    "/dev",
    "--proc",
    "/proc",
    "--bind",
    writable,
    writable,
    "--unshare-net",
    "--die-with-parent",
    "--clearenv",
  ];
  const variables = Object.entries(env).flatMap(([name, value]) => ["--setenv", name, value]);
  return Bun.spawnSync(["bwrap", ...walls, ...variables, "--", ...command], {
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
    timeout: 50_000,
  });
}

const canWall = Bun.which("bwrap") !== null && Bun.spawnSync(["bwrap", "--ro-bind", "/", "/", "true"], { stderr: "ignore" }).exitCode === 0;

test.if(canWall)("without a home, a daemon, a terminal or a writable root a worker is installed, runs and is removed", async () => {
  await using home = makeHome();
  const catalog = join(home.path, "catalog");
  const place = join(home.path, "place");
  mkdirSync(place);
  writeRecipe(catalog, "hello");
  const rbee = rbeeCommand.map((word) => `'${word}'`).join(" ");
  const script = `set -e; ip=$(${rbee} worker download hello --yes); "$ip"; ${rbee} worker list --json; ${rbee} worker rm hello; ${rbee} hive stop`;
  const env = { RBEE_HOME: place, RBEE_CATALOG: catalog, PATH: process.env.PATH ?? "", CI: "true" };
  const ran = inReadOnlyRoot(place, ["sh", "-c", script], env);
  expect({ code: ran.exitCode, said: ran.stderr.toString() }).toMatchObject({ code: 0 });
  expect(ran.stdout.toString()).toStartWith("hello\n");
  expect(readdirSync(join(place, "cache/build"))).toEqual([]);
});
