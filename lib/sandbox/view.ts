// What a command behind walls sees of the machine: system directories, the directories of programs, what it was given; nothing else.
import { existsSync, lstatSync, readlinkSync, realpathSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { homeOf, isInside } from "../paths.ts";

export type Mount =
  | { readonly kind: "ro" | "rw"; readonly path: string }
  | { readonly kind: "link"; readonly path: string; readonly target: string }
  | { readonly kind: "empty"; readonly path: string };

/** Directories that hold programs and their data, on the distributions that exist (FHS 3.0; Nix and Guix have their own). */
const SYSTEM = ["usr", "bin", "sbin", "lib", "lib32", "lib64", "libx32", "etc", "opt", "nix", "gnu", "sys"].map((name) => `/${name}`);
/** Made anew and empty: what programs expect to exist. */
const EMPTY = ["/tmp", "/var/tmp", "/run", "/home", "/root"];
/** Tool chains that people keep in their home and that their programs on PATH need beside them. */
const TOOLCHAINS = [".rustup", ".pyenv", ".nvm", ".asdf", ".volta", ".local/share/mise", ".local/share/uv", "miniconda3"];
/** Variables that name a file which the tools of a build must be able to read. */
const FILE_VARIABLE =
  /^(SSL_CERT_\w+|\w*CA_BUNDLE|\w*CA_?CERTS?(_FILE)?|NODE_EXTRA_CA_CERTS|PIP_CERT|PIP_FIND_LINKS|GIT_SSL_CAINFO|\w*SSL_\w*FILE\w*)$/;

export interface ViewOptions {
  readonly writable: readonly string[];
  readonly readable: readonly string[];
  /** Its PATH and the files that its variables name become readable. */
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** The mounts of a view in the order in which they are made: a later one lies over an earlier one. */
export function viewOf({ writable, readable, env }: ViewOptions): Mount[] {
  const shown = [...programDirectories(env), ...namedFiles(env), ...resolverFiles(), ...readable].filter((path) => existsSync(path));
  const isBelow = (path: string, others: readonly string[]) => others.some((other) => isInside(other, path));
  const outside = [...new Set(shown)].filter(
    (path) => !isSystem(path) && !writable.includes(path) && !isBelow(path, [...writable, ...shown]),
  );
  return [
    ...SYSTEM.filter((path) => lstatSync(path, { throwIfNoEntry: false })).map(systemMount),
    ...EMPTY.map((path) => ({ kind: "empty" as const, path })),
    ...outside.sort(byDepth).map((path) => ({ kind: "ro" as const, path })),
    ...[...writable].sort(byDepth).map((path) => ({ kind: "rw" as const, path })),
  ];
}

/** Directories above `path` from the top down, `/` left out. */
export function parentsOf(path: string): string[] {
  const parent = dirname(path);
  return parent === "/" || parent === path ? [] : [...parentsOf(parent), parent];
}

function systemMount(path: string): Mount {
  return lstatSync(path).isSymbolicLink() ? { kind: "link", path, target: readlinkSync(path) } : { kind: "ro", path };
}

function isSystem(path: string): boolean {
  return SYSTEM.some((system) => path === system || isInside(system, path));
}

/**
 * The directories on PATH. A program often needs its prefix (node finds npm beside `bin`), so `X/bin` shows X, except where X is a
 * home, rbee's own, `.local` or `.cargo`: those hold keys and tokens too.
 */
function programDirectories(env: ViewOptions["env"]): string[] {
  const home = homeOf();
  const homes = [home, env.HOME, process.env.RBEE_HOME].filter((path) => path !== undefined);
  const holdsHome = (path: string) => homes.some((each) => path === each || isInside(path, each));
  const isPrivate = (path: string) => path === "/" || holdsHome(path) || /\/\.(local|cargo|bun)$/.test(path);
  const shown = (env.PATH ?? "")
    .split(":")
    .filter((path) => path.startsWith("/") && !isSystem(path) && existsSync(path))
    .flatMap((path) => {
      const prefix = dirname(resolve(path));
      const show = path.endsWith("/bin") && !isPrivate(prefix) ? prefix : resolve(path);
      return isPrivate(show) ? [] : [show, real(show)];
    });
  return [
    ...shown,
    ...TOOLCHAINS.map((name) => join(home, name)),
    ...[env.RUSTUP_HOME, env.PYENV_ROOT].filter((path) => path !== undefined),
  ];
}

function namedFiles(env: ViewOptions["env"]): string[] {
  return Object.entries(env).flatMap(([name, value]) => (value?.startsWith("/") && FILE_VARIABLE.test(name) ? [value] : []));
}

/** /etc/resolv.conf is often a link into /run, which is hidden. */
function resolverFiles(): string[] {
  return existsSync("/etc/resolv.conf") ? [real("/etc/resolv.conf")] : [];
}

function real(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}

function byDepth(a: string, b: string): number {
  return a.split("/").length - b.split("/").length;
}
