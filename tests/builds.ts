// Builds for tests: a recipe in a directory, built in this process without a hive, in a home of its own.
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathsFrom } from "../lib/paths.ts";
import { buildDirectory } from "../lib/pkgbuild/build.ts";
import { temporaryDirectory } from "./harness.ts";

export interface BuildBench extends Disposable {
  readonly path: string;
  /** The recipe's directory. */
  readonly recipe: string;
  /** Where sources are kept between builds. */
  readonly cache: string;
  readonly notes: string[];
  readonly log: string[];
  write(name: string, content: string | Uint8Array): string;
  build(
    pkgbuild: string,
    more?: { env?: Record<string, string>; network?: boolean; archive?: boolean; signal?: AbortSignal; in?: string },
  ): Promise<string[]>;
  /** A file of the package `t`. */
  made(path: string): string;
}

export function buildBench(): BuildBench {
  const directory = temporaryDirectory("rbee-build");
  const { path } = directory;
  // Repositories and files beside the recipe's directory are sources of some tests: those have to be everybody's.
  chmodSync(path, 0o755);
  const recipe = join(path, "recipe");
  mkdirSync(recipe);
  const [notes, log]: [string[], string[]] = [[], []];
  const write: BuildBench["write"] = (name, content) => {
    mkdirSync(join(recipe, name, ".."), { recursive: true });
    writeFileSync(join(recipe, name), content);
    return join(recipe, name);
  };
  return {
    ...{ path, recipe, notes, log, write, cache: join(path, "home/cache/sources") },
    build: (pkgbuild, { env = {}, network = true, archive = false, signal, in: name = "" } = {}) => {
      write(join(name, "PKGBUILD"), pkgbuild);
      const all = {
        PATH: process.env.PATH,
        HOME: join(path, "person"),
        RBEE_HOME: join(path, "home"),
        SOURCE_DATE_EPOCH: "1700000000",
        ...env,
      };
      return buildDirectory({
        ...{ directory: join(recipe, name), output: join(path, "out", name), archive, network, env: all, paths: pathsFrom(all), signal },
        rbeeBinary: process.execPath,
        onNote: (message) => notes.push(message),
        onOutput: (_, bytes) => log.push(new TextDecoder().decode(bytes)),
      });
    },
    made: (name) => readFileSync(join(path, "out/t", name), "utf8"),
    [Symbol.dispose]: () => directory[Symbol.dispose](),
  };
}

/** A recipe of the package `t`. */
export function recipeOf(parts: { head?: string; build?: string; package?: string; more?: string }): string {
  const build = parts.build === undefined ? "" : `build() {\n${parts.build}\n}\n`;
  const pack = parts.package ?? 'install -d "$pkgdir/u"; cp -r . "$pkgdir/u/"';
  return `pkgname=t\npkgver=1\npkgrel=1\narch=(any)\n${parts.head ?? ""}\n${build}${parts.more ?? ""}package() {\n${pack}\n}\n`;
}

/** source=() with SKIP for each. */
export function sourcesOf(...sources: string[]): string {
  return `source=(${sources.map((each) => `'${each}'`).join(" ")})\nsha256sums=(${sources.map(() => "SKIP").join(" ")})\n`;
}
