// What tests stand on: a home of their own, the real program, real servers, and waiting for events instead of sleeping.
import { mkdirSync, mkdtempSync, realpathSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { removeTree } from "../lib/tree.ts";

export const root = join(import.meta.dir, "..");
export const tinyModel = join(root, "tests/fixtures/models/stories260K.gguf");

/** The program under test: the compiled binary, or the source when RBEE_UNDER_TEST says so. */
export const rbeeCommand: readonly string[] =
  process.env.RBEE_UNDER_TEST && process.env.RBEE_UNDER_TEST !== "source"
    ? [resolve(process.env.RBEE_UNDER_TEST)]
    : [process.execPath, join(root, "cli/main.ts")];

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Home extends AsyncDisposable {
  /** RBEE_HOME; both prefixes lie in it. */
  readonly path: string;
  readonly env: Record<string, string>;
  /** Runs a command to its end. */
  rbee(args: readonly string[], more?: { env?: Record<string, string | undefined>; stdin?: string; cwd?: string }): Promise<Ran>;
  /** Starts a command and gives it back. */
  start(args: readonly string[], more?: { env?: Record<string, string | undefined> }): Bun.Subprocess<"ignore", "pipe", "pipe">;
}

/** A directory that is removed when the test is over. */
export function temporaryDirectory(name = "rbee-test", under = tmpdir()): { path: string } & Disposable {
  const path = realpathSync(mkdtempSync(join(under, `${name}-`)));
  return { path, [Symbol.dispose]: () => removeTree(path) };
}

/** A whole rbee of its own: nothing outside `path` is read or written. Its hive is stopped and its directory removed at the end. */
export function makeHome(extra: Record<string, string> = {}): Home {
  const directory = temporaryDirectory();
  const { path } = directory;
  mkdirSync(join(path, "system"), { recursive: true });
  const env: Record<string, string> = {
    ...inheritedEnv(),
    RBEE_HOME: path,
    RBEE_SYSTEM_PREFIX: join(path, "system"),
    TERM: "dumb",
    ...extra,
  };
  const start: Home["start"] = (args, more = {}) =>
    Bun.spawn([...rbeeCommand, ...args], { env: { ...env, ...more.env }, stdin: "ignore", stdout: "pipe", stderr: "pipe" });
  const rbee: Home["rbee"] = async (args, more = {}) => {
    const program = Bun.spawn([...rbeeCommand, ...args], {
      env: { ...env, ...more.env },
      cwd: more.cwd ?? path,
      stdin: more.stdin === undefined ? "ignore" : new TextEncoder().encode(more.stdin),
      stdout: "pipe",
      stderr: "pipe",
    });
    const [stdout, stderr, code] = await Promise.all([
      new Response(program.stdout).text(),
      new Response(program.stderr).text(),
      program.exited,
    ]);
    return { code, stdout, stderr };
  };
  return {
    path,
    env,
    rbee,
    start,
    async [Symbol.asyncDispose]() {
      await rbee(["hive", "stop"], { cwd: "/" });
      directory[Symbol.dispose]();
    },
  };
}

/** Resolves when the condition holds, looking often; fails loudly with what was waited for. */
export async function until(what: string, condition: () => boolean | Promise<boolean>, limitMs = 15_000): Promise<void> {
  const deadline = Date.now() + limitMs;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`Waited ${limitMs} ms in vain until ${what}`);
    await Bun.sleep(10);
  }
}

/** Reads a program's stream until a text appears in it; gives back all that was read. */
export async function untilSays(stream: ReadableStream<Uint8Array>, text: string, limitMs = 20_000): Promise<string> {
  const reader = stream.getReader();
  const decoder = new TextDecoder();
  let said = "";
  const deadline = Date.now() + limitMs;
  while (!said.includes(text)) {
    if (Date.now() > deadline) throw new Error(`Waited ${limitMs} ms in vain for "${text}" in:\n${said}`);
    const { done, value } = await reader.read();
    if (done) throw new Error(`The stream ended before "${text}":\n${said}`);
    said += decoder.decode(value, { stream: true });
  }
  reader.releaseLock();
  return said;
}

/** Our own environment without anything that would change what rbee does. */
function inheritedEnv(): Record<string, string> {
  const kept = Object.entries(process.env).filter(
    ([key]) => !/^(RBEE_|XDG_|NO_COLOR|FORCE_COLOR|CI$|GITHUB_|GITLAB_|BUN_BE_BUN)/.test(key),
  );
  return Object.fromEntries(kept.filter((pair): pair is [string, string] => pair[1] !== undefined));
}
