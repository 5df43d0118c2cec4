// The examples do what they say, with the real worker and a real model.
import { expect, test } from "bun:test";
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { findCommand, parseArguments } from "../cli/argv.ts";
import { commandTree } from "../cli/program.ts";
import { packageTypes, scriptTypes } from "../lib/script/types.ts";
import { packageClient } from "../scripts/package-client.ts";
import { type Home, makeHome, root, tinyModel } from "./harness.ts";
import { runHelpExamples } from "./help-examples.ts";

const rbee = join(root, "dist/rbee");
const PROGRAMS: readonly { readonly name: string; readonly command: readonly string[] }[] = [
  { name: "TypeScript", command: [rbee, "run", "examples/install-and-ask.ts", tinyModel] },
  { name: "Python", command: ["python3", "examples/install_and_ask.py", tinyModel, rbee] },
  { name: "shell", command: ["sh", "examples/install-and-ask.sh", tinyModel] },
  { name: "Node", command: ["node", "app/install-and-ask.mjs", tinyModel] },
  { name: "Bun", command: [process.execPath, "app/install-and-ask.mjs", tinyModel] },
];

/** An empty project with the packed client and the example that uses it, under `app`. */
async function installPackage(home: Home): Promise<string> {
  const archive = await packageClient(home.path);
  const app = join(home.path, "app");
  mkdirSync(app);
  writeFileSync(join(app, "package.json"), '{"private":true,"type":"module"}');
  copyFileSync(join(root, "examples/install-and-ask.mjs"), join(app, "install-and-ask.mjs"));
  const ran = Bun.spawnSync(["npm", "install", "--offline", "--no-audit", "--no-fund", archive], {
    cwd: app,
    env: home.env,
    stderr: "pipe",
  });
  expect({ code: ran.exitCode, said: ran.exitCode === 0 ? "" : ran.stderr.toString() }).toEqual({ code: 0, said: "" });
  return app;
}

test("the examples in TypeScript, Python, shell, Node and Bun get the same answer, leave nothing running and build once", async () => {
  await using home = makeHome({ RBEE: rbee });
  await installPackage(home);
  const answers: string[] = [];
  for (const { name, command } of PROGRAMS) {
    const ran = Bun.spawnSync([...command], {
      cwd: name === "Node" || name === "Bun" ? home.path : root,
      env: home.env,
      stdin: "ignore",
      stdout: "pipe",
      stderr: "pipe",
    });
    expect({ name, code: ran.exitCode, said: ran.exitCode === 0 ? "" : ran.stderr.toString() }).toEqual({ name, code: 0, said: "" });
    answers.push(ran.stdout.toString().trim());
  }
  expect(answers[0]!.length).toBeGreaterThan(10);
  expect(new Set(answers).size).toBe(1);
  const { jobs } = JSON.parse(Bun.spawnSync([rbee, "job", "list", "--json"], { env: home.env }).stdout.toString()) as {
    jobs: { operation: { operation: string }; result: { already_installed?: boolean } }[];
  };
  const installs = jobs.filter(({ operation }) => operation.operation === "worker_install").map(({ result }) => result.already_installed);
  expect(installs.sort()).toEqual([false, true, true, true, true]);
  const { processes } = JSON.parse(Bun.spawnSync([rbee, "ps", "--json"], { env: home.env }).stdout.toString()) as {
    processes: { state: string }[];
  };
  expect(processes.filter(({ state }) => state === "ready")).toEqual([]);
}, 120_000);

test("the package needs nothing beside it, cancels, and says what is missing, in Node and in Bun", async () => {
  await using home = makeHome({ RBEE: rbee });
  const app = await installPackage(home);
  expect(readdirSync(join(app, "node_modules")).filter((name) => !name.startsWith("."))).toEqual(["rbee"]);
  writeFileSync(
    join(app, "cancel.mjs"),
    `import { $, rbee, RbeeError } from "rbee";
const signal = AbortSignal.timeout(10);
const error = await rbee.model.download({ model: "http://127.0.0.1:9/x.gguf" }, { signal }).catch((error) => error);
console.log(error instanceof RbeeError, (await rbee.worker.catalogList()).workers.length > 0, (await $\`echo hi\`).stdout.trim());`,
  );
  for (const runtime of ["node", process.execPath]) {
    const ran = Bun.spawnSync([runtime, "cancel.mjs"], { cwd: app, env: home.env, stderr: "pipe" });
    expect(ran.stdout.toString() + ran.stderr.toString()).toBe("true true hi\n");
  }
  const lost = Bun.spawnSync(["node", "install-and-ask.mjs"], { cwd: app, env: { ...home.env, RBEE: "/nowhere/rbee" }, stderr: "pipe" });
  expect({ code: lost.exitCode, said: lost.stderr.toString() }).toMatchObject({ code: 1, said: expect.stringContaining("FILE_NOT_FOUND") });
});

test("every example of every --help can be typed as it stands", async () => {
  await using home = makeHome({ RBEE_PORT: "0" });
  await home.rbee(["hive", "start"]);
  await home.rbee(["worker", "download", "llama-node-cpu"]);
  expect(await runHelpExamples(home, rbee)).toEqual([]);
}, 300_000);

test.each(readdirSync(join(root, "examples/ci")))("every rbee command of %s exists, and every file that it runs", (file) => {
  const text = readFileSync(join(root, "examples/ci", file), "utf8");
  // A pipe would hide the exit code wherever the runner's shell has no pipefail.
  expect(text).not.toMatch(/rbee [^|\n]*\|[^|]/);
  const lines = text.matchAll(/(?:run:|-)\s+((?:rbee|sh) [^|&>\n]*)/g);
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
  // The package's types are for the same scripts.
  mkdirSync(at("node_modules/packed"), { recursive: true });
  writeFileSync(at("node_modules/packed/index.d.ts"), packageTypes());
  writeFileSync(at("node_modules/packed/package.json"), '{"name":"packed","version":"1.0.0","types":"index.d.ts"}');
  const packed = (file: string) => writeFileSync(at(`packed-${file}`), readFileSync(at(file), "utf8").replace('"rbee"', '"packed"'));
  writeFileSync(at("wrong.ts"), 'import { rbee } from "rbee"; await rbee.worker.install({ worker: "x" });');
  packed("right.ts");
  packed("wrong.ts");
  const kind = ["--noEmit", "--strict", "--target", "esnext", "--module", "esnext", "--moduleResolution", "bundler"];
  const types = ["--types", "bun-types", "--typeRoots", join(root, "node_modules")];
  const ran = Bun.spawnSync(
    [join(root, "node_modules/.bin/tsc"), ...kind, ...types, "right.ts", "wrong.ts", "packed-right.ts", "packed-wrong.ts", "rbee.d.ts"],
    {
      cwd: home.path,
    },
  );
  const said = ran.stdout.toString();
  expect(said).toContain("wrong.ts(1,");
  expect(said).toContain("packed-wrong.ts(1,");
  expect(said).not.toContain("right.ts(");
});
