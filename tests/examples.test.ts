// The examples do what they say, with the real worker and a real model.
import { expect, test } from "bun:test";
import { copyFileSync, existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { findCommand, parseArguments } from "../cli/argv.ts";
import { commandTree } from "../cli/program.ts";
import { scriptTypes } from "../lib/script-types.ts";
import { makeHome, root, tinyModel } from "./harness.ts";

const rbee = join(root, "dist/rbee");
const PROGRAMS: readonly { readonly name: string; readonly command: readonly string[] }[] = [
  { name: "TypeScript", command: [rbee, "run", "examples/install-and-ask.ts", tinyModel] },
  { name: "Python", command: ["python3", "examples/install_and_ask.py", tinyModel, rbee] },
  { name: "shell", command: ["sh", "examples/install-and-ask.sh", tinyModel] },
];

test("the examples in TypeScript, Python and shell get the same answer, leave nothing running and build once", async () => {
  await using home = makeHome({ RBEE: rbee });
  const answers: string[] = [];
  for (const { name, command } of PROGRAMS) {
    const ran = Bun.spawnSync([...command], { cwd: root, env: home.env, stdin: "ignore", stdout: "pipe", stderr: "pipe" });
    expect({ name, code: ran.exitCode, said: ran.exitCode === 0 ? "" : ran.stderr.toString() }).toEqual({ name, code: 0, said: "" });
    answers.push(ran.stdout.toString().trim());
  }
  expect(answers[0]!.length).toBeGreaterThan(10);
  expect(new Set(answers).size).toBe(1);
  const { jobs } = JSON.parse(Bun.spawnSync([rbee, "job", "list", "--json"], { env: home.env }).stdout.toString()) as {
    jobs: { operation: { operation: string }; result: { already_installed?: boolean } }[];
  };
  const installs = jobs.filter(({ operation }) => operation.operation === "worker_install").map(({ result }) => result.already_installed);
  expect(installs.sort()).toEqual([false, true, true]);
  const { processes } = JSON.parse(Bun.spawnSync([rbee, "ps", "--json"], { env: home.env }).stdout.toString()) as {
    processes: { state: string }[];
  };
  expect(processes.filter(({ state }) => state === "ready")).toEqual([]);
});

test.each(readdirSync(join(root, "examples/ci")))("every rbee command of %s exists, and every file that it runs", (file) => {
  const lines = readFileSync(join(root, "examples/ci", file), "utf8").matchAll(/(?:run:|-)\s+((?:rbee|sh) [^|&\n]*)/g);
  const commands = [...lines].map(([, line]) =>
    line!
      .trim()
      .match(/"[^"]*"|\S+/g)!
      .map((word) => word.replaceAll('"', "")),
  );
  expect(commands.length).toBeGreaterThan(4);
  for (const [program, ...words] of commands) {
    if (program === "rbee") expect(() => parseArguments(findCommand(commandTree(), words))).not.toThrow();
    else expect(existsSync(join(root, words[0]!))).toBe(true);
  }
});

test("the types that rbee run prints fit the example, and a mistake does not fit them", async () => {
  await using home = makeHome();
  const at = (file: string) => join(home.path, file);
  writeFileSync(at("rbee.d.ts"), scriptTypes());
  copyFileSync(join(root, "examples/install-and-ask.ts"), at("right.ts"));
  writeFileSync(at("wrong.ts"), 'import { rbee } from "rbee"; await rbee.worker.install({ worker: "x" });');
  const kind = ["--noEmit", "--strict", "--target", "esnext", "--module", "esnext", "--moduleResolution", "bundler"];
  const types = ["--types", "bun-types", "--typeRoots", join(root, "node_modules")];
  const ran = Bun.spawnSync([join(root, "node_modules/.bin/tsc"), ...kind, ...types, "right.ts", "wrong.ts", "rbee.d.ts"], {
    cwd: home.path,
  });
  const said = ran.stdout.toString();
  expect(said).toContain("wrong.ts(1,");
  expect(said).not.toContain("right.ts(");
});
