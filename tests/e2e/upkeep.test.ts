// Looking after an rbee: settings, doctor, worker check, du and prune.
import { expect, test } from "bun:test";
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { HiveClient } from "../../lib/client.ts";
import { makeHome } from "../harness.ts";
import { writeRecipe } from "../recipes.ts";
import { hiveOf } from "../toy-worker.ts";

interface Finding {
  about: string;
  state: string;
  message: string;
  mend?: string;
}

test("a setting is written once and read by every later command; RBEE_* wins over it", async () => {
  await using home = makeHome();
  expect(await home.rbee(["config", "set", "port", "8123"])).toMatchObject({ code: 0 });
  expect((await home.rbee(["config", "get", "port"])).stdout).toBe("8123\n");
  expect((await home.rbee(["config", "get", "port"], { env: { RBEE_PORT: "8124" } })).stdout).toBe("8124\n");
  expect(JSON.parse((await home.rbee(["config", "list", "--json"])).stdout)).toMatchObject({
    port: { value: "8123", from: join(home.path, "config/config.json") },
    keep_jobs: { from: "default" },
  });
  await home.rbee(["config", "unset", "port"]);
  expect((await home.rbee(["config", "get", "port"])).stdout).toBe("7835\n");
});

test("the hive takes its limits from the settings: an install over its limit exits 124", async () => {
  await using home = makeHome();
  const catalog = join(home.path, "catalog");
  writeRecipe(catalog, "slow", { build: "sleep 60" });
  await home.rbee(["config", "set", "install_timeout", "1s"]);
  await home.rbee(["config", "set", "catalog", catalog]);
  expect((await home.rbee(["worker", "download", "slow", "--yes"])).code).toBe(124);
});

test("a setting that is none, a wrong value and a broken file are each told with a way out", async () => {
  await using home = makeHome();
  expect(await home.rbee(["config", "set", "prot", "1"])).toMatchObject({ code: 2, stderr: expect.stringContaining("Did you mean port?") });
  expect(await home.rbee(["config", "set", "port", "70000"])).toMatchObject({
    code: 2,
    stderr: expect.stringContaining("port: must be 0 to 65535"),
  });
  mkdirSync(join(home.path, "config"), { recursive: true });
  writeFileSync(join(home.path, "config/config.json"), '{"port": "many", "of_a_newer_rbee": 1}');
  expect(await home.rbee(["hive", "start"])).toMatchObject({ code: 2, stderr: expect.stringContaining('port is "many"') });
  await home.rbee(["config", "unset", "port"]);
  expect(JSON.parse(readFileSync(join(home.path, "config/config.json"), "utf8"))).toEqual({ of_a_newer_rbee: 1 });
  writeFileSync(join(home.path, "config/config.json"), "{");
  expect(await home.rbee(["config", "list"])).toMatchObject({ code: 2, stderr: expect.stringContaining("config.json") });
});

test("doctor finds what is wrong, names what mends it, and is content when it was done", async () => {
  await using home = makeHome();
  const catalog = join(home.path, "catalog");
  writeRecipe(catalog, "hello");
  await home.rbee(["worker", "download", "hello", "--yes"], { env: { RBEE_CATALOG: catalog } });
  await home.rbee(["hive", "stop"]);
  const doctor = async () => {
    const ran = await home.rbee(["doctor", "--json"]);
    return { code: ran.code, findings: (JSON.parse(ran.stdout) as { findings: Finding[] }).findings };
  };
  expect((await doctor()).code).toBe(0);

  rmSync(join(home.path, "system/bin/hello"));
  writeFileSync(join(home.path, "system/bin/hello"), "foreign");
  chmodSync(join(home.path, "state/token"), 0o644);
  await home.rbee(["config", "set", "catalog", join(home.path, "nowhere")]);
  const ill = await doctor();
  expect(ill.code).toBe(4);
  const problems = ill.findings.filter(({ state }) => state === "problem");
  expect(problems.map(({ about }) => about).sort()).toEqual(["catalog", "rights", "worker"]);
  expect(problems.every(({ mend }) => mend)).toBe(true);

  const chmod = problems.find(({ about }) => about === "rights")!.mend!;
  expect(Bun.spawnSync(["sh", "-c", chmod]).exitCode).toBe(0);
  expect((await doctor()).findings.some(({ about, state }) => about === "rights" && state === "problem")).toBe(false);
});

test("worker check tells everything at once and leaves nothing behind", async () => {
  await using home = makeHome();
  const catalog = join(home.path, "catalog");
  writeRecipe(catalog, "hard", {
    entry: { platforms: ["windows"], makedepends: ["cmake>=999", "no-such-tool"], worker_type: "metal" },
    more: "makedepends=('nasm-that-is-not-here')",
  });
  using taken = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
  const ran = await home.rbee(["worker", "check", "hard", "--user", "--json"], {
    env: { RBEE_CATALOG: catalog, PATH: `${process.env.PATH}`, RBEE_WORKER_PORTS: `${taken.port}-${taken.port}` },
  });
  expect(ran.code).toBe(4);
  const { fits, findings } = JSON.parse(ran.stdout) as { fits: boolean; findings: Finding[] };
  expect(fits).toBe(false);
  const abouts = new Set(findings.filter(({ state }) => state !== "fine").map(({ about }) => about));
  expect([...abouts]).toEqual(expect.arrayContaining(["platform", "tools", "engine", "path", "port"]));
  expect(new Set(findings.map(({ about }) => about))).toContain("memory");
  expect(existsSync(join(home.path, "local"))).toBe(false);
  expect(await home.rbee(["worker", "check", "ghost"])).toMatchObject({ code: 3 });
});

test("prune shows with --dry-run, empties the caches without, and du knows", async () => {
  await using home = makeHome();
  const cache = join(home.path, "cache/sources/files");
  mkdirSync(cache, { recursive: true });
  writeFileSync(join(cache, "old.tar"), Buffer.alloc(5_000));
  expect(JSON.parse((await home.rbee(["du", "--json"])).stdout)).toMatchObject({ prunable_bytes: 5_000 });
  expect(await home.rbee(["prune", "--dry-run"])).toMatchObject({ code: 0, stderr: expect.stringContaining("5.0 kB would be freed") });
  expect(readdirSync(cache)).toEqual(["old.tar"]);
  expect(await home.rbee(["prune"])).toMatchObject({ code: 0, stderr: expect.stringContaining("5.0 kB freed") });
  expect(JSON.parse((await home.rbee(["du", "--json"])).stdout)).toMatchObject({ prunable_bytes: 0 });
});

test("a program reads and changes the settings through the hive; what is wrong is named and changes nothing", async () => {
  await using home = makeHome({ RBEE_KEEP_JOBS: "50" });
  await home.rbee(["hive", "start", "--port", "0"]);
  const { url, token } = await hiveOf(home);
  const client = new HiveClient(url, token);
  const { settings, file } = await client.run("config_list", {});
  const find = (key: string) => settings.find((setting) => setting.key === key);
  expect(find("keep_jobs")).toMatchObject({ value: "50", from: "RBEE_KEEP_JOBS", fallback: "200" });
  expect(find("low_memory")).toMatchObject({ from: "default", choices: ["evict", "refuse", "ignore"], counts: "now" });
  expect(await client.run("config_set", { key: "install_timeout", value: "30m" })).toMatchObject({ value: "30m", from: file });
  expect(JSON.parse(readFileSync(file, "utf8"))).toEqual({ install_timeout: "30m" });
  const refusal = (key: string, value: string) => client.run("config_set", { key, value }).catch((error) => [error.code, error.message]);
  expect(await refusal("builds_at_once", "0")).toEqual(["INVALID_INPUT", "builds_at_once: must be 1 or more"]);
  expect((await refusal("prot", "1")) as unknown[]).toContain("SETTING_UNKNOWN");
  expect(await client.run("config_set", { key: "install_timeout" })).toMatchObject({ value: "15m", from: "default" });
  expect(JSON.parse(readFileSync(file, "utf8"))).toEqual({});
  const { well, findings } = await client.run("doctor", {});
  expect([well, findings.some(({ about }) => about === "hive")]).toEqual([true, true]);
});
