// Is what a recipe needs here? Names that mean a program are looked up as programs, others in the system's package database.
import { existsSync } from "node:fs";
import { fail } from "../errors.ts";

export interface DependencyReport {
  readonly missing: string[];
  /** What nobody here can tell: told to the user, never passed over. */
  readonly unknown: string[];
}

/** Package names whose program is called otherwise; any one of the programs will do. Names that are their own program need no line. */
const PROGRAMS: Readonly<Record<string, readonly string[]>> = {
  rust: ["rustc"],
  cargo: ["cargo"],
  nodejs: ["node"],
  "nodejs-lts": ["node"],
  python: ["python3", "python"],
  python3: ["python3"],
  // Wheels are made for one Python.
  "python3.12": ["python3.12"],
  "python-pip": ["pip3", "pip"],
  "base-devel": ["make"],
  cuda: ["nvcc"],
  "cuda-toolkit": ["nvcc"],
  rocm: ["hipcc"],
  shaderc: ["glslc"],
  "hip-runtime-amd": ["hipcc"],
  ninja: ["ninja", "ninja-build"],
  "ninja-build": ["ninja", "ninja-build"],
  "pkg-config": ["pkg-config", "pkgconf"],
  pkgconf: ["pkgconf", "pkg-config"],
  autoconf: ["autoconf"],
  libtool: ["libtoolize", "libtool"],
  p7zip: ["7z"],
  "g++": ["g++"],
};

/** Names that are a program of the same name wherever they are installed. */
const PLAIN_PROGRAMS = new Set(
  "bash bun bzip2 ccache clang cmake curl gcc gfortran git go gzip just jq m4 make meson mercurial npm patch patchelf perl pnpm ruby rustup sed subversion tar unzip uv wget which xz yarn zig zip zstd nasm yasm".split(
    " ",
  ),
);

/** The package's name on other distributions, for the hint. */
const PACKAGE_NAMES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  rust: { apt: "rustc", brew: "rust", dnf: "rust" },
  cuda: { apt: "nvidia-cuda-toolkit", dnf: "cuda-toolkit" },
  nodejs: { apt: "nodejs", brew: "node" },
  python: { apt: "python3", dnf: "python3", brew: "python" },
  "python3.12": { brew: "python@3.12" },
  ninja: { apt: "ninja-build", dnf: "ninja-build" },
  "base-devel": { apt: "build-essential", dnf: "make gcc gcc-c++" },
};

const MANAGERS = [
  { program: "apt-get", family: "apt", install: "apt install", query: ["dpkg-query", "-W", "-f=${db:Status-Status}"], says: "installed" },
  { program: "dnf", family: "dnf", install: "dnf install", query: ["rpm", "-q", "--whatprovides"], says: "" },
  { program: "pacman", family: "pacman", install: "pacman -S", query: ["pacman", "-T"], says: "" },
  { program: "zypper", family: "zypper", install: "zypper install", query: ["rpm", "-q", "--whatprovides"], says: "" },
  { program: "apk", family: "apk", install: "apk add", query: ["apk", "info", "-e"], says: "" },
  { program: "brew", family: "brew", install: "brew install", query: ["brew", "list", "--versions"], says: "" },
  { program: "winget", family: "winget", install: "winget install", query: null, says: "" },
] as const;

/** Looks up each name (version conditions like `cmake>=3.20` are taken off: only presence is known everywhere) on `path`. */
export function checkDependencies(names: readonly string[], path: string): DependencyReport {
  const missing: string[] = [];
  const unknown: string[] = [];
  for (const name of new Set(names.map((written) => written.replace(/[<>=:].*$/, "").trim()))) {
    if (!name) continue;
    const found = lookUp(name, path);
    if (found === undefined) unknown.push(name);
    else if (!found) missing.push(name);
  }
  return { missing, unknown };
}

/** @throws DEPENDENCY_MISSING, naming everything that is missing and this machine's command that installs it. */
export function requireDependencies(id: string, { missing }: DependencyReport): void {
  if (missing.length === 0) return;
  throw fail("DEPENDENCY_MISSING", { id, names: missing.join(", "), command: installCommand(missing) }, { data: { missing } });
}

/** The command of this machine's package manager that installs the packages. */
export function installCommand(names: readonly string[]): string {
  const manager = MANAGERS.find(({ program }) => Bun.which(program) !== null);
  if (!manager) return `with this system's package manager: ${names.join(" ")}`;
  return `${manager.install} ${names.map((name) => PACKAGE_NAMES[name]?.[manager.family] ?? name).join(" ")}`;
}

/** The program that a package's name stands for, where it is one and here. */
export function programOf(name: string, path: string): string | undefined {
  const programs = PROGRAMS[name] ?? [name];
  return programs.map((program) => Bun.which(program, { PATH: path })).find((found) => found !== null) ?? undefined;
}

/** The C libraries are no programs; their loaders have fixed names. Source: ld.so(8), musl's FAQ. */
const LOADERS: Readonly<Record<string, readonly string[]>> = {
  glibc: ["/lib64/ld-linux-x86-64.so.2", "/lib/ld-linux-aarch64.so.1", "/lib64/ld-linux-aarch64.so.1"],
  musl: ["/lib/ld-musl-x86_64.so.1", "/lib/ld-musl-aarch64.so.1"],
};

/** True or false where it can be known, undefined where not. */
function lookUp(name: string, path: string): boolean | undefined {
  const loaders = LOADERS[name];
  if (loaders) return loaders.some((loader) => existsSync(loader));
  const programs = PROGRAMS[name] ?? (PLAIN_PROGRAMS.has(name) ? [name] : undefined);
  if (programs) return programs.some((program) => Bun.which(program, { PATH: path }) !== null);
  if (Bun.which(name, { PATH: path }) !== null) return true;
  return askPackageDatabase(name);
}

/** A package database knows its own names: "yes" is an answer, "no" is one only where recipes are at home (pacman). */
function askPackageDatabase(name: string): boolean | undefined {
  if (!/^[A-Za-z0-9@._+-]+$/.test(name) || name.startsWith("-")) return undefined;
  const manager = MANAGERS.find(({ program, query }) => query !== null && Bun.which(program) !== null && Bun.which(query[0]) !== null);
  if (!manager?.query) return undefined;
  const answer = Bun.spawnSync([...manager.query, name], { stdin: "ignore", stdout: "pipe", stderr: "ignore", timeout: 5_000 });
  if (answer.exitCode === 0 && answer.stdout.toString().includes(manager.says)) return true;
  return manager.family === "pacman" ? false : undefined;
}
