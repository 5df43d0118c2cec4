// The key of a build: everything that went into it and that can be known beforehand. The same key means the same result.
import { realpathSync, statSync } from "node:fs";
import type { MachineKind } from "./contract/views.ts";
import { digestOf } from "./hash.ts";
import { programOf } from "./machine/dependencies.ts";
import type { Env } from "./paths.ts";
import type { Recipe } from "./pkgbuild/recipe.ts";
import type { BuildSettings } from "./pkgbuild/run/settings.ts";
import { isVcs, parseSource } from "./pkgbuild/source.ts";
import { VERSION } from "./version.ts";

interface BuildInputs {
  /** Of entry, PKGBUILD and local files. */
  readonly recipeDigest: string;
  readonly settings: BuildSettings;
  readonly machine: MachineKind;
  readonly isClosed: boolean;
  readonly env: Env;
  /** Names of packages that entry and recipe want. */
  readonly needs: readonly string[];
}

/** Variables that reach a build and change what it makes; see buildEnv. */
const CHANGES =
  /^(SOURCE_DATE_EPOCH|CARGO_(BUILD|PROFILE|REGISTR|SOURCE)\w*|RUSTUP_TOOLCHAIN|GO(FLAGS|TOOLCHAIN)|(npm|bun|yarn)_config_\w+|PIP_\w+|UV_\w+|PYENV_VERSION|(CUDA|ROCM)_(HOME|PATH)|JAVA_HOME)$/i;
/** A build uses these without naming them. */
const USUAL_TOOLS = ["cc", "c++", "ld", "make"];

/** 64 hex characters. A tool counts by its file: another version of it is another key. */
export function buildKey({ recipeDigest, settings, machine, isClosed, env, needs }: BuildInputs): string {
  // How fast it is built changes nothing of it.
  const { nice: _, memory_bytes: __, makeflags: ___, ...rest } = settings;
  const variables = Object.entries(env)
    .filter(([name]) => CHANGES.test(name))
    .sort(byName);
  const tools = [...new Set([...USUAL_TOOLS, ...needs])].sort().map((name) => [name, fileOf(name, env.PATH ?? "")]);
  return digestOf(["build", VERSION, recipeDigest, ...[rest, machine, isClosed, variables, tools].map((part) => JSON.stringify(part))]);
}

/** False when a source may be another one tomorrow: a branch, or a file of which the recipe names no sum. */
export function isRepeatable({ source, checksums }: Pick<Recipe, "source" | "checksums">): boolean {
  return source.map(parseSource).every(({ kind, ref }, index) => {
    if (kind === "local") return true;
    if (isVcs(kind)) return ref !== undefined && ref.type !== "branch";
    return checksums.some(({ sums }) => sums[index] && sums[index] !== "SKIP");
  });
}

function fileOf(written: string, path: string): string | undefined {
  const found = programOf(written.split(/[<>=:]/)[0]!, path);
  if (!found) return undefined;
  const real = realpathSync(found);
  const { size, mtimeMs } = statSync(real);
  return `${real} ${size} ${mtimeMs}`;
}

function byName([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a < b ? -1 : 1;
}
