// zx's `$` whose programs belong to a process tree: what a pipeline starts is ended as one, and its output is handed on as it comes.
import { type SpawnOptions, spawn } from "node:child_process";
import { $, ProcessOutput, quote, type Shell } from "zx";
import type { ProcessTree } from "./process-group.ts";

/** With a socket for its input bash takes itself for a remote login and reads ~/.bashrc (bash(1), INVOCATION): `--norc` and no input keep a person's own settings out. */
const BASH = Bun.which("bash") ?? "/bin/bash";

export type OutputStream = "stdout" | "stderr";

export interface ShellOptions {
  readonly tree: ProcessTree;
  readonly cwd: string;
  /** The whole environment: nothing of ours is handed on by itself. */
  readonly env: Readonly<Record<string, string>>;
  /** Called with the bytes as they come. With it the output is not kept; without it the result carries it. */
  readonly onOutput?: ((stream: OutputStream, bytes: Uint8Array) => void) | undefined;
}

/** A bash shell, as zx's `$`: `` await shell({…})`git clone ${url}` ``. Arguments are quoted by zx. Rejects with what zx throws: see {@link describeExit}. */
export function shell({ tree, cwd, env, onOutput }: ShellOptions): Shell {
  const start = (command: string, _: readonly string[], options: SpawnOptions) => {
    const child = tree.start([BASH, "--noprofile", "--norc", "-c", command], ([program, ...words]) =>
      spawn(program!, words, { ...options, shell: false }),
    );
    child.stdout?.on("data", (bytes: Uint8Array) => onOutput?.("stdout", bytes));
    child.stderr?.on("data", (bytes: Uint8Array) => onOutput?.("stderr", bytes));
    return child;
  };
  return $({
    cwd,
    env: { ...env, ...tree.env },
    shell: BASH,
    // zx sets one only when it finds a shell on PATH.
    quote,
    stdio: ["ignore", "pipe", "pipe"],
    prefix: "set -euo pipefail;",
    detached: true,
    quiet: true,
    spawn: start as typeof spawn,
    ...(onOutput ? { store: forgetfulStore() } : {}),
  });
}

/** Says how a pipeline ended, as the end of a sentence (`failed with exit code 2`, `was ended by SIGSEGV`); undefined for an error of another kind. */
export function describeExit(thrown: unknown): string | undefined {
  if (!(thrown instanceof ProcessOutput)) return undefined;
  if (thrown.signal) return `was ended by ${thrown.signal}`;
  if (thrown.exitCode === null) return "could not be started";
  // A shell reports a child's death by signal as 128 + its number (bash(1), EXIT STATUS).
  const signal = thrown.exitCode > 128 ? signalName(thrown.exitCode - 128) : undefined;
  return signal ? `was ended by ${signal}` : `failed with exit code ${thrown.exitCode}`;
}

/** What a failed pipeline printed, standard error first; empty when it was handed on instead of kept. */
export function outputOf(thrown: unknown): string {
  return thrown instanceof ProcessOutput ? thrown.stderr.trim() || thrown.stdout.trim() : "";
}

const SIGNALS: Record<number, string> = {
  1: "SIGHUP",
  2: "SIGINT",
  3: "SIGQUIT",
  4: "SIGILL",
  6: "SIGABRT",
  7: "SIGBUS",
  8: "SIGFPE",
  9: "SIGKILL",
  11: "SIGSEGV",
  13: "SIGPIPE",
  15: "SIGTERM",
  24: "SIGXCPU",
  25: "SIGXFSZ",
};

function signalName(number: number): string | undefined {
  return SIGNALS[number];
}

/** zx keeps all output for its result; a build may print gigabytes, so this store drops what it is given. */
function forgetfulStore() {
  const drop = () => Object.assign([] as string[], { push: () => 0 });
  return { stdout: drop(), stderr: drop(), stdall: drop() };
}
