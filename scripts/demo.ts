// The main job from end to end, narrated, with the compiled binary, in a directory of its own: npm run demo [-- --keep].
// Every claim is checked; the exit code is 1 when one does not hold.
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { environmentOf, listProcesses } from "../lib/process/table.ts";
import { build } from "./build.ts";

const root = join(import.meta.dir, "..");
const rbee = join(root, "dist/rbee");
const home = join(root, ".demo");
const model = join(root, "tests/fixtures/models/stories260K.gguf");
const keep = process.argv.includes("--keep");
const startedAt = performance.now();

const env: Record<string, string> = {
  ...(Object.fromEntries(Object.entries(process.env).filter(([key]) => !key.startsWith("RBEE_"))) as Record<string, string>),
  RBEE_HOME: home,
  RBEE_SYSTEM_PREFIX: join(home, "system"),
  PATH: [join(home, "system/bin"), process.env.PATH].join(delimiter),
};

class Failed extends Error {}

try {
  await stopFormerHive();
  rmSync(home, { recursive: true, force: true });
  mkdirSync(home, { recursive: true });
  await demo();
  say(`\nDone in ${((performance.now() - startedAt) / 1000).toFixed(0)} s. Next:`);
  if (keep)
    say(
      `  The hive still runs: export RBEE_HOME=${home} RBEE_SYSTEM_PREFIX=${env.RBEE_SYSTEM_PREFIX}; dist/rbee ps\n  When you have seen enough: dist/rbee hive stop`,
    );
  else
    say(
      "  dist/rbee worker download llama-node-cpu     install it for yourself\n  dist/rbee --help                             everything else",
    );
} catch (error) {
  if (!(error instanceof Failed)) throw error;
  console.error(`\nFAILED: ${error.message}`);
  process.exitCode = 1;
} finally {
  if (!keep) {
    await stopFormerHive();
    rmSync(home, { recursive: true, force: true });
  }
}

async function demo(): Promise<void> {
  title("One file holds command line, daemon and catalog");
  await build(rbee);
  await run(["--version"]);

  title("The hive, on a free port, with a home of its own");
  const hive = Bun.spawn([rbee, "hive", "serve", "--port", "0"], { env, stdin: "ignore", stdout: "ignore", stderr: "inherit" });
  hive.unref();
  await until("the hive answers", async () => (await capture(["hive", "status"])).code === 0);
  await run(["hive", "status"]);

  title("What exists");
  const available = await run(["worker", "available"]);
  check(available.includes("llama-node-cpu"), "the catalog offers llama-node-cpu");

  title("Fourteen steps from a recipe to a worker");
  const binary = (await run(["worker", "download", "llama-node-cpu"])).trim();
  check(existsSync(binary), `${binary} exists`);
  check((await run(["worker", "list"])).includes("llama-node-cpu"), "it is listed");

  title("A model of 1.2 MB, and a worker that runs it");
  await run(["model", "download", model]);
  await run(["worker", "spawn"]);

  title("A completion through the hive's OpenAI route, as it streams");
  const text = await complete("Once upon a time");
  check(text.length > 20, `the model wrote ${text.length} characters`);

  title("A build that is cancelled with Ctrl+C");
  await cancelABuild();

  title("Away again");
  await run(["worker", "remove", "llama-node-cpu", "--force"]);
  check(!existsSync(binary), `${binary} is gone`);
  if (!keep) {
    await run(["hive", "stop"]);
    check((await capture(["hive", "status"])).code === 5, "no hive runs");
  }
}

/** Streams from the hive as any OpenAI client would, printing the text as it comes. */
async function complete(prompt: string): Promise<string> {
  const { url } = JSON.parse((await capture(["hive", "status", "--json"])).stdout) as { url: string };
  const token = (await capture(["hive", "token"])).stdout.trim();
  say(`$ curl ${url}/v1/completions -d '{"model":"stories260K","prompt":"${prompt}","stream":true, …}'`);
  const response = await fetch(`${url}/v1/completions`, {
    method: "POST",
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    body: JSON.stringify({ model: "stories260K", prompt, max_tokens: 80, temperature: 0, stream: true }),
  });
  check(response.ok, `the hive answered ${response.status}`);
  process.stdout.write(prompt);
  const { decodeSse } = await import("../lib/sse.ts");
  let text = "";
  for await (const { data } of decodeSse(response.body!)) {
    if (data === "[DONE]") break;
    const piece = (JSON.parse(data) as { choices: { text: string }[] }).choices[0]?.text ?? "";
    text += piece;
    process.stdout.write(piece);
  }
  process.stdout.write("\n");
  return text;
}

/** A build with children that would go on for an hour gets a real SIGINT; afterwards nothing of it may be left. */
async function cancelABuild(): Promise<void> {
  const mark = `RBEE_DEMO_MARK_${process.pid}`;
  const catalog = join(home, "catalog/endless");
  const { makeEntry } = await import("../tests/recipes.ts");
  mkdirSync(catalog, { recursive: true });
  writeFileSync(join(catalog, "entry.json"), JSON.stringify(makeEntry("endless")));
  const lines = [
    "pkgname=endless",
    "pkgver=1.0.0",
    "pkgrel=1",
    "arch=('any')",
    "build() {",
    `  export ${mark}=1`,
    "  sleep 3600 & setsid sleep 3600 &",
    "  echo compiling; sleep 3600",
    "}",
    "package() { :; }",
  ];
  writeFileSync(join(catalog, "PKGBUILD"), `${lines.join("\n")}\n`);
  await capture(["hive", "restart", "--port", "0", "--catalog", join(home, "catalog")]);

  say("$ rbee worker download endless --yes      (Ctrl+C while it builds)");
  const client = Bun.spawn([rbee, "worker", "download", "endless", "--yes"], {
    env,
    stdin: "ignore",
    stdout: "inherit",
    stderr: "inherit",
  });
  const isOurs = (pid: number) => environmentOf(pid).includes(`${mark}=1`);
  await until("the build runs", () => listProcesses().some(({ pid }) => isOurs(pid)));
  client.kill("SIGINT");
  const code = await client.exited;
  check(code === 130, `the command ended with exit code ${code}`);
  const left = listProcesses().filter(({ pid, state }) => state !== "Z" && isOurs(pid));
  check(left.length === 0, `${left.length} processes of the build are left`);
  const directories = readdirSync(join(home, "cache/build"));
  check(directories.length === 0, `${directories.length} directories of the build are left`);
}

/** Runs rbee as a person would, its output where they would see it; gives back its stdout. */
async function run(args: string[]): Promise<string> {
  say(`$ rbee ${args.join(" ")}`);
  const program = Bun.spawn([rbee, ...args], { env, stdin: "ignore", stdout: "pipe", stderr: "inherit" });
  const stdout = await new Response(program.stdout).text();
  process.stdout.write(stdout);
  if ((await program.exited) !== 0) throw new Failed(`rbee ${args.join(" ")} ended with ${program.exitCode}`);
  return stdout;
}

async function capture(args: string[]): Promise<{ code: number; stdout: string }> {
  const program = Bun.spawn([rbee, ...args], { env, stdin: "ignore", stdout: "pipe", stderr: "ignore" });
  const stdout = await new Response(program.stdout).text();
  return { code: await program.exited, stdout };
}

async function stopFormerHive(): Promise<void> {
  if (existsSync(rbee) && existsSync(home)) await capture(["hive", "stop"]);
}

async function until(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 30_000;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Failed(`waited in vain until ${what}`);
    await Bun.sleep(30);
  }
}

function check(holds: boolean, what: string): void {
  if (!holds) throw new Failed(what);
  say(`   ✓ ${what}`);
}

function title(text: string): void {
  say(`\n━━ ${text}`);
}

function say(text: string): void {
  console.log(text);
}
