// What fetching a source stands on: where things lie, and programs that fetch, started as we are and never as the recipe likes.
import type { Shell } from "zx";
import { fail } from "../../errors.ts";
import { installCommand } from "../../machine/dependencies.ts";
import type { Env } from "../../paths.ts";
import type { ProcessTree } from "../../process-group.ts";
import { outputOf, shell } from "../../shell.ts";
import type { BuildSettings } from "../run/settings.ts";
import { GIT_PROTOCOLS } from "../workshop/environment.ts";
import type { Workshop } from "../workshop/index.ts";
import type { OwnFiles } from "./own-files.ts";

export interface FetchContext {
  readonly workshop: Workshop;
  /** What programs that fetch belong to. */
  readonly tree: ProcessTree;
  /** Ours: programs that fetch run as us, with our keys and proxies. */
  readonly env: Env;
  /** Kept between builds: mirrors of repositories, and files. */
  readonly cacheDir: string;
  /** Keys that signatures are checked against; see signature.ts. */
  readonly keyringDir: string;
  /** Whether `file:` addresses are allowed: never for a recipe that came over a network, which could name private files. */
  readonly mayReadFiles: boolean;
  /** Only what is in the cache may be used. */
  readonly isOffline?: boolean | undefined;
  /** Of this machine's settings. */
  readonly settings: BuildSettings;
  readonly onProgress?: (progress: { what: string; done: number; total: number | null; unit: string }) => void;
  readonly onNote?: (message: string) => void;
  readonly signal?: AbortSignal | undefined;
}

/** What an archive may become. A limit that is reached is an error, not a cut. */
export interface ExtractLimits {
  /** Bytes that one archive may unpack to. */
  readonly bytes: number;
  /** Entries of one archive. */
  readonly entries: number;
  /** Unpacked bytes for each byte of the archive, once more than {@link ExtractLimits.freeBytes} are out. */
  readonly ratio: number;
  readonly freeBytes: number;
}

/** Variables that programs which fetch see besides ours: no prompt, no helper that an address chooses. Source: git(1), hg help environment. */
const SAFE_ENV = { GIT_ALLOW_PROTOCOL: GIT_PROTOCOLS, GIT_TERMINAL_PROMPT: "0", HGPLAIN: "1", LC_ALL: "C.UTF-8" };
const OURS =
  /^(HOME|PATH|USER|LOGNAME|TMPDIR|SSH_AUTH_SOCK|GIT_SSH_COMMAND|GIT_SSL_\w+|GIT_CONFIG_\w+|XDG_CONFIG_HOME|(https?|no|all|ftp)_proxy|SSL_CERT_\w+|\w*CA_BUNDLE)$/i;

/** The environment of programs that fetch: what they need of ours, and what keeps them safe. */
export function fetchEnv(env: Env): Record<string, string> {
  const kept = Object.entries(env).filter((pair): pair is [string, string] => pair[1] !== undefined && OURS.test(pair[0]));
  return { ...Object.fromEntries(kept), ...SAFE_ENV };
}

/** What `requireShareable` has to know. */
export function ownFilesOf({ workshop, env, settings }: Pick<FetchContext, "workshop" | "env" | "settings">): OwnFiles {
  return { startDir: workshop.startDir, env, opened: settings.file_sources };
}

export function fromElsewhere(written: string) {
  return fail("RECIPE_REFUSED", {
    file: "PKGBUILD",
    reason: `source "${written}": a recipe from elsewhere may not read files of this machine`,
  });
}

/** A shell for programs that fetch, in `cwd`. */
export function fetchShell(
  { env, tree }: Pick<FetchContext, "env" | "tree">,
  cwd: string,
  more: Readonly<Record<string, string>> = {},
): Shell {
  return shell({ tree, cwd, env: { ...fetchEnv(env), ...more } });
}

/** @throws DEPENDENCY_MISSING with this machine's command that installs the program. */
export function requireProgram(program: string, packageName = program): void {
  if (Bun.which(program) !== null) return;
  throw fail(
    "DEPENDENCY_MISSING",
    { id: "the sources", names: program, command: installCommand([packageName]) },
    { data: { missing: [program] } },
  );
}

/** Runs a step of fetching; what it throws becomes SOURCE_UNAVAILABLE with the program's last line. */
export async function orUnavailable<Result>(
  url: string,
  context: Pick<FetchContext, "signal">,
  work: () => Promise<Result>,
): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    context.signal?.throwIfAborted();
    const reason = outputOf(error).trim().split("\n").at(-1);
    if (!reason && error instanceof Error && error.name === "RbeeError") throw error;
    throw fail("SOURCE_UNAVAILABLE", { url, reason: reason || "it could not be fetched" }, { cause: error });
  }
}
