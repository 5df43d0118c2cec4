// Completion in a real bash, and a real nushell where there is one: commands, flags, and the ids that are here.
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
  expect(complete("rbee", "worker", "rm", "h")).toEqual(["hello"]);
  expect(complete("rbee", "worker", "spawn", "--worker", "")).toEqual(["hello"]);
  expect(complete("rbee", "job", "logs", jobs[0]!.job_id.slice(0, 4))).toEqual([jobs[0]!.job_id]);
  expect(complete("rbee", "config", "get", "keep")).toEqual(["keep_jobs", "keep_jobs_for"]);
  expect((await home.rbee(["hive", "status"])).stdout).toBe("No hive is running\n");
});

test.if(Bun.which("nu") !== null)("nushell takes the script, hands on every word, and completes commands and ids", async () => {
  await using home = makeHome();
  const bin = join(home.path, "path");
  mkdirSync(bin);
  writeFileSync(join(bin, "rbee"), '#!/bin/sh\n[ "$1" = __ids ] && echo hello || echo "got $*"\n', { mode: 0o755 });
  const script = join(home.path, "rbee.nu");
  writeFileSync(script, (await home.rbee(["completion", "nushell"])).stdout);
  const env = { ...home.env, HOME: home.path, XDG_CONFIG_HOME: home.path, PATH: `${bin}:${process.env.PATH}` };
  const nu = (...words: string[]) =>
    Bun.spawnSync(["nu", "--no-config-file", ...words], { env })
      .stdout.toString()
      .trim();
  const lines = ["worker ls --json", "--version", "run x.ts --to y", "worker spawn --model m -- --threads 1", "ps"];
  expect(nu("-c", [`source ${script}`, ...lines.map((line) => `rbee ${line}`)].join("; ")).split("\n")).toEqual(
    lines.map((line) => `got ${line}`),
  );
  const complete = (line: string) => {
    const file = join(home.path, "line.nu");
    const text = `source ${script}\n${line}`;
    writeFileSync(file, text);
    return (JSON.parse(nu("--ide-complete", String(text.length), file)) as { completions: string[] }).completions;
  };
  expect(complete("rbee worker rem")).toEqual(["rbee worker remove"]);
  expect(complete("rbee worker rm h")).toEqual(["hello"]);
  expect(complete("rbee worker spawn --worker h")).toEqual(["hello"]);
});

test.if(Bun.which("fish") !== null)("fish completes commands and ids, by their other names too", async () => {
  await using home = makeHome();
  const bin = join(home.path, "path");
  mkdirSync(bin);
  writeFileSync(join(bin, "rbee"), '#!/bin/sh\n[ "$1" = __ids ] && echo hello\n', { mode: 0o755 });
  const script = join(home.path, "rbee.fish");
  writeFileSync(script, (await home.rbee(["completion", "fish"])).stdout);
  const complete = (line: string) =>
    Bun.spawnSync(["fish", "--no-config", "-c", `source ${script}; complete -C '${line}'`], {
      env: { ...home.env, PATH: `${bin}:${process.env.PATH}` },
    })
      .stdout.toString()
      .trim()
      .split("\n")
      .map((found) => found.split("\t")[0]);
  expect(complete("rbee worker rem")).toEqual(["remove"]);
  expect(complete("rbee worker rm h")).toEqual(["hello"]);
  expect(complete("rbee worker spawn --worker ")).toEqual(["hello"]);
});

test.if(Bun.which("zsh") !== null)("zsh takes the script", async () => {
  await using home = makeHome();
  const script = join(home.path, "_rbee");
  writeFileSync(script, (await home.rbee(["completion", "zsh"])).stdout);
  expect(Bun.spawnSync(["zsh", "-n", script], { stderr: "pipe" }).stderr.toString()).toBe("");
});
