// Runs the functions of a recipe as makepkg does: same order, directories, variables and shell options.
// Source: makepkg(8); scripts/makepkg.sh.in, run_function(); libmakepkg/util/message.sh.
import { existsSync, mkdirSync, readFileSync, statfsSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import { fail } from "../errors.ts";
import type { ProcessTree } from "../process-group.ts";
import { describeExit, type OutputStream, shell } from "../shell.ts";
import runner from "./run-functions.sh" with { type: "text" };

export interface BuildDirs {
  /** Where the PKGBUILD lies. */
  readonly startDir: string;
  readonly srcDir: string;
  readonly pkgDir: string;
  /** TMPDIR of the build and the runner's own files. */
  readonly tmpDir: string;
}

export interface RunOptions {
  readonly dirs: BuildDirs;
  readonly tree: ProcessTree;
  /** The build's environment: {@link buildEnv}. */
  readonly env: Readonly<Record<string, string>>;
  readonly onOutput: (stream: OutputStream, bytes: Uint8Array) => void;
  /** For messages. */
  readonly worker: string;
  readonly job: string;
  readonly signal?: AbortSignal | undefined;
}

/** Variables of the hive's own environment that builds see: those by which the tools of a build find their network, certificates and registries. */
const HANDED_ON =
  /^(HOME|USER|LOGNAME|PATH|LANG|LC_\w+|TZ|(https?|no|all|ftp)_proxy|SSL_CERT_\w+|\w*CA_BUNDLE|NODE_EXTRA_CA_CERTS|CARGO_\w+|RUSTUP_HOME|GOPROXY|GOFLAGS|GOPATH|(npm|bun)_config_\w+|PIP_\w+|CCACHE_\w+)$/i;

/** The environment of a build: the little that is handed on of `env`, makepkg's variables, `toolsDir` first on PATH. */
export function buildEnv(
  env: Readonly<Record<string, string | undefined>>,
  dirs: BuildDirs,
  { toolsDir, extra = {} }: { toolsDir: string; extra?: Readonly<Record<string, string>> },
): Record<string, string> {
  const kept = Object.entries(env).filter((pair): pair is [string, string] => pair[1] !== undefined && HANDED_ON.test(pair[0]));
  const inherited = Object.fromEntries(kept);
  const machine = process.arch === "arm64" ? "aarch64" : "x86_64";
  return {
    ...inherited,
    PATH: `${toolsDir}:${inherited.PATH ?? "/usr/local/bin:/usr/bin:/bin"}`,
    TERM: "dumb",
    TMPDIR: dirs.tmpDir,
    CARCH: machine,
    CHOST: `${machine}-pc-linux-gnu`,
    MAKEFLAGS: `-j${Math.max(1, cpus().length)}`,
    CFLAGS: "-O2 -pipe",
    CXXFLAGS: "-O2 -pipe",
    SOURCE_DATE_EPOCH: env.SOURCE_DATE_EPOCH ?? String(Math.floor(Date.now() / 1000)),
    startdir: dirs.startDir,
    srcdir: dirs.srcDir,
    pkgdir: dirs.pkgDir,
    ...extra,
  };
}

/**
 * Runs those of `names` that the recipe has, in this order, in one shell, as makepkg runs prepare, build and check.
 * @throws BUILD_FAILED saying which function ended how; the signal's reason when it fires.
 */
export async function runFunctions(names: readonly string[], present: readonly string[], options: RunOptions): Promise<void> {
  const wanted = names.filter((name) => present.includes(name));
  if (wanted.length === 0) return;
  const script = join(options.dirs.tmpDir, "run-functions.sh");
  const status = join(options.dirs.tmpDir, "running-function");
  mkdirSync(options.dirs.pkgDir, { recursive: true });
  writeFileSync(script, runner);
  const $ = shell({
    tree: options.tree,
    cwd: options.dirs.srcDir,
    env: { ...options.env, RBEE_STATUS_FILE: status },
    onOutput: options.onOutput,
  });
  try {
    await $`exec bash ${script} ${wanted} < /dev/null`;
  } catch (error) {
    options.signal?.throwIfAborted();
    const how = describeExit(error);
    if (how === undefined) throw error;
    const name = existsSync(status) ? readFileSync(status, "utf8").trim() : wanted[0]!;
    if (isFull(options.dirs.srcDir)) throw fail("DISK_FULL", { path: options.dirs.srcDir }, { cause: error });
    throw fail("BUILD_FAILED", { function: name, worker: options.worker, how, job: options.job }, { cause: error });
  }
}

/** Less than this free means that a build failed for want of space, whatever it said. Bytes. */
const FULL_BYTES = 65_536;

function isFull(directory: string): boolean {
  const { bavail, bsize } = statfsSync(directory);
  return bavail * bsize < FULL_BYTES;
}
