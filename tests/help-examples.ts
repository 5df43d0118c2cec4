// Runs the examples of every `--help` as a person would type them, in one home, in an order in which each has what it needs.
import { copyFileSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Command } from "../cli/argv.ts";
import { commandTree } from "../cli/program.ts";
import { type Home, tinyModel } from "./harness.ts";
import { writeRecipe } from "./recipes.ts";

/** What is not run, and why. */
const NOT_RUN: readonly [RegExp, string][] = [
  [/Qwen|model search/, "asks the Hub"],
  [/hive serve|logs -f 1$|hive logs -f/, "goes on until it is interrupted"],
  [/8000$|curl/, "a port of the machine's"],
  [/service$|self update|rbee ui$|config set port/, "changes the machine, or opens a browser"],
];

/** What ends otherwise than with 0 where these examples are run. */
const ENDS: readonly [RegExp, number][] = [
  [/worker check llm-worker-rbee-cuda/, 4],
  [/worker import llama-node-cpu-/, 2],
  [/job cancel/, 1],
  [/rollback llama-node-cpu$/, 3],
  // The example before it took the same one away.
  [/model rm stories260K|worker rm llama-node-cpu/, 3],
  [/hive stop --keep-workers/, 5],
];

/** What takes away what others need comes after them, in this order. */
const LATER = [
  /worker import/,
  /worker spawn/,
  /infer/,
  /process|ps$/,
  /stop|delete/,
  /model (remove|rm)/,
  /worker (remove|rm)/,
  /^rbee hive/,
];

/** Returns what was not as expected, with what it said. */
export async function runHelpExamples(home: Home, rbee: string): Promise<string[]> {
  const place = prepare(home, rbee);
  const wrong: string[] = [];
  for (const example of inOrder(examplesOf(commandTree()))) {
    if (/^rbee (model|worker) (remove|rm)/.test(example)) await stopAll(home);
    const { code, said } = await type(example.replace("/tmp/", ""), home, place);
    const wanted = ENDS.find(([pattern]) => pattern.test(example))?.[1] ?? 0;
    if (code !== wanted) wrong.push(`${example}: ${code}, not ${wanted}\n${said}`);
  }
  return wrong;
}

/** Nothing that runs is taken away. */
async function stopAll(home: Home): Promise<void> {
  const { processes } = JSON.parse((await home.rbee(["ps", "--json"])).stdout) as { processes: { id: string }[] };
  for (const { id } of processes) await home.rbee(["worker", "process", "stop", id]);
}

function examplesOf(command: Command): string[] {
  return [...(command.examples ?? []), ...(command.children ?? []).flatMap(examplesOf)];
}

function inOrder(examples: readonly string[]): string[] {
  const rank = (example: string) => LATER.findLastIndex((pattern) => pattern.test(example));
  const run = [...new Set(examples)].filter((example) => !NOT_RUN.some(([pattern]) => pattern.test(example)));
  return run.sort((a, b) => rank(a) - rank(b));
}

/** A directory with everything that the examples name. */
function prepare(home: Home, rbee: string): string {
  const place = join(home.path, "place");
  for (const directory of ["bin", ".config/fish/completions"]) mkdirSync(join(place, directory), { recursive: true });
  symlinkSync(rbee, join(place, "bin/rbee"));
  copyFileSync(tinyModel, join(place, "stories260K.gguf"));
  for (const id of ["my-worker", "your-worker"]) writeRecipe(place, id);
  copyFileSync(join(place, "my-worker/PKGBUILD"), join(place, "PKGBUILD"));
  writeFileSync(join(place, "deploy.ts"), "");
  return place;
}

/** The job that stands in the examples. */
const JOB = "1f2e3d4c5b6a7980";

async function type(example: string, home: Home, place: string): Promise<{ code: number; said: string }> {
  const words = example.includes(JOB) ? example.replace(JOB, await oldestJob(home)) : example;
  const env = { ...home.env, HOME: place, PATH: `${join(place, "bin")}:${home.env.PATH}` };
  const ran = Bun.spawn(["bash", "-c", words], { env, cwd: place, stdin: "ignore", stdout: "ignore", stderr: "pipe" });
  const said = await new Response(ran.stderr).text();
  return { code: await ran.exited, said };
}

async function oldestJob(home: Home): Promise<string> {
  const { jobs } = JSON.parse((await home.rbee(["job", "list", "--json"])).stdout) as { jobs: { job_id: string }[] };
  return jobs.at(-1)?.job_id ?? "";
}
