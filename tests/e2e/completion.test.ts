// Completion in a real bash: commands, flags, and the ids that are here.
import { expect, test } from "bun:test";
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { makeHome, rbeeCommand } from "../harness.ts";
import { writeRecipe } from "../recipes.ts";

test("bash completes commands, flags, installed workers, jobs and settings, without a hive", async () => {
  await using home = makeHome();
  const catalog = join(home.path, "catalog");
  writeRecipe(catalog, "hello");
  await home.rbee(["worker", "download", "hello", "--yes"], { env: { RBEE_CATALOG: catalog } });
  const { jobs } = JSON.parse((await home.rbee(["job", "list", "--json"])).stdout) as { jobs: { job_id: string }[] };
  await home.rbee(["hive", "stop"]);
  const bin = join(home.path, "path");
  mkdirSync(bin);
  writeFileSync(join(bin, "rbee"), `#!/bin/sh\nexec ${rbeeCommand.map((word) => `'${word}'`).join(" ")} "$@"\n`);
  chmodSync(join(bin, "rbee"), 0o755);
  const complete = (...words: string[]) => {
    const script = `source <(rbee completion bash); COMP_WORDS=(${words.map((word) => `'${word}'`).join(" ")}); COMP_CWORD=${words.length - 1}; _rbee; printf '%s\\n' "\${COMPREPLY[@]}"`;
    const ran = Bun.spawnSync(["bash", "--norc", "-c", script], { env: { ...home.env, PATH: `${bin}:${process.env.PATH}` } });
    return ran.stdout.toString().trim().split("\n");
  };
  expect(complete("rbee", "wor")).toEqual(["worker"]);
  expect(complete("rbee", "worker", "remove", "--fo")).toEqual(["--force"]);
  expect(complete("rbee", "worker", "remove", "h")).toEqual(["hello"]);
  expect(complete("rbee", "worker", "spawn", "--worker", "")).toEqual(["hello"]);
  expect(complete("rbee", "job", "logs", jobs[0]!.job_id.slice(0, 4))).toEqual([jobs[0]!.job_id]);
  expect(complete("rbee", "config", "get", "keep")).toEqual(["keep_jobs", "keep_jobs_for", "keep_versions"]);
  expect((await home.rbee(["hive", "status"])).stdout).toBe("No hive is running\n");
});
