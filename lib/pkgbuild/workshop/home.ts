// The home of a build: fresh, with read-only copies of the settings by which package clients find their registries, and nothing else.
import { chmodSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import type { Env } from "../../paths.ts";

/** Settings of package clients: where the build's own home has them, and where they are looked for, in this order. */
function settingsFiles(env: Env): readonly { readonly at: string; readonly from: readonly (string | undefined)[] }[] {
  const home = env.HOME || homedir();
  const cargo = env.CARGO_HOME || join(home, ".cargo");
  const inHome = (at: string, ...first: (string | undefined)[]) => ({ at, from: [...first, join(home, at)] });
  return [
    inHome(".npmrc", env.NPM_CONFIG_USERCONFIG, env.npm_config_userconfig),
    inHome(".yarnrc"),
    inHome(".yarnrc.yml"),
    inHome(".bunfig.toml"),
    { at: ".config/pip/pip.conf", from: [env.PIP_CONFIG_FILE, join(home, ".config/pip/pip.conf"), join(home, ".pip/pip.conf")] },
    inHome(".config/uv/uv.toml"),
    inHome(".config/go/env", env.GOENV),
    { at: ".cargo/config.toml", from: [join(cargo, "config.toml"), join(cargo, "config")] },
  ];
}

/** Larger than this is no settings file. */
const MAX_BYTES = 262_144;
/** A key, and so a line, that is a credential and not an address. */
const SECRET = /^[^=\n]*(_auth|token|password|passwd|secret|credential|_key)\w*"?\s*[=:]/i;
/** What tool chains in a person's home are found by once HOME is another one. */
const TOOLCHAIN_VARIABLES: Readonly<Record<string, string>> = { RUSTUP_HOME: ".rustup", PYENV_ROOT: ".pyenv", NVM_DIR: ".nvm" };

/** Fills `directory` and returns the variables that go with it. Lines that hold tokens or passwords stay out: a build gets no credential. */
export function makeHome(directory: string, env: Env): Record<string, string> {
  for (const name of [directory, join(directory, ".cargo"), join(directory, ".cache"), join(directory, ".config")])
    mkdirSync(name, { recursive: true });
  const home = env.HOME || homedir();
  for (const { at, from } of settingsFiles(env)) {
    const text = from.map((path) => path && readSmall(path)).find((found) => found !== undefined && found !== "");
    if (text) copySettings(join(directory, at), text);
  }
  const toolchains = Object.entries(TOOLCHAIN_VARIABLES).flatMap(([name, path]) => {
    const place = env[name] || join(home, path);
    return isDirectory(place) ? [[name, place]] : [];
  });
  return { HOME: directory, CARGO_HOME: join(directory, ".cargo"), ...Object.fromEntries(toolchains) };
}

function copySettings(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  const kept = text.split("\n").filter((line) => !SECRET.test(line));
  writeFileSync(path, kept.join("\n"));
  chmodSync(path, 0o444);
}

function readSmall(path: string): string | undefined {
  return orNothing(() => {
    const info = statSync(path);
    return info.isFile() && info.size <= MAX_BYTES ? readFileSync(path, "utf8") : undefined;
  });
}

function isDirectory(path: string): boolean {
  return orNothing(() => statSync(path).isDirectory()) ?? false;
}

/** HOME may be somebody else's, as under `sudo -u NAME` without `-H`: what cannot be read there is not ours to hand on. */
function orNothing<Result>(look: () => Result): Result | undefined {
  try {
    return look();
  } catch {
    return undefined;
  }
}
