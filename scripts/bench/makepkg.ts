// Asks the real makepkg for a recipe's .SRCINFO, as an ordinary user in a room without network, and remembers the answers outside the repository.
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

export interface Answer {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  readonly ms: number;
  /** Processor time of makepkg and of all that it started: what else the machine did is not in it. */
  readonly cpuMs: number;
}

export interface MakepkgOptions {
  /** Folder of the remembered answers. */
  readonly cache: string;
  /** Variables that both makepkg and rbee find in their environment. */
  readonly env: Readonly<Record<string, string>>;
  /** The ordinary user to become when started as root, since makepkg refuses root. */
  readonly user: string;
  /** Folder with stand-ins for version control programs that are not installed here: reading a recipe does not need them. */
  readonly stubs?: string | undefined;
}

const programs = ["hg", "svn", "bzr", "fossil", "git", "distcc", "ccache", "sudo", "gpg", "fakeroot", "bsdtar"];

/** What `makepkg --printsrcinfo` answers in `dir` (makepkg(8)); from the cache when the recipe has not changed. */
export function askMakepkg(dir: string, options: MakepkgOptions): Answer {
  const file = join(options.cache, `${keyOf(dir, options)}.json`);
  if (existsSync(file)) return JSON.parse(readFileSync(file, "utf8")) as Answer;
  const answer = runMakepkg(dir, options);
  writeFileSync(file, JSON.stringify(answer));
  return answer;
}

/** The remembered answer, or nothing. */
export function rememberedAnswer(dir: string, options: MakepkgOptions): Answer | undefined {
  const file = join(options.cache, `${keyOf(dir, options)}.json`);
  return existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as Answer) : undefined;
}

function keyOf(dir: string, options: MakepkgOptions): string {
  const hash = createHash("sha256").update(dir).update("\0").update(JSON.stringify(options.env)).update("\0");
  return hash
    .update(readFileSync(join(dir, "PKGBUILD")))
    .digest("hex")
    .slice(0, 32);
}

function runMakepkg(dir: string, options: MakepkgOptions): Answer {
  const started = performance.now();
  const child = Bun.spawnSync({
    cmd: [...asUser(options.user), ...room(dir), "bash", "-c", 'TIMEFORMAT="took %U %S"; time makepkg --printsrcinfo'],
    cwd: dir,
    env: { PATH: `${standIns(options)}:/usr/bin:/bin`, HOME: "/nonexistent", LANG: "C.UTF-8", ...options.env },
    stdin: null,
    timeout: 300_000,
    killSignal: "SIGKILL",
  });
  const ms = performance.now() - started;
  const said = child.stderr.toString();
  const [, user, system] = /took ([\d.]+) ([\d.]+)\n$/.exec(said) ?? [];
  const cpuMs = (Number(user ?? 0) + Number(system ?? 0)) * 1000;
  const answer = { code: child.exitCode ?? 137, stdout: child.stdout.toString(), stderr: said.replace(/took .*\n$/, ""), ms, cpuMs };
  if (answer.code !== 0 && /^(setpriv|bwrap): |You do not have write permission/m.test(answer.stderr))
    throw new Error(`makepkg did not get to read ${dir}: ${answer.stderr.trim()} (its directory has to belong to ${options.user})`);
  return answer;
}

function asUser(user: string): string[] {
  if (process.getuid?.() !== 0) return [];
  const group = Bun.spawnSync(["id", "-g", user]).stdout.toString().trim();
  return ["setpriv", "--reuid", user, "--regid", group, "--clear-groups"];
}

const room = (dir: string) =>
  ["bwrap", "--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc", "--bind", dir, dir].concat([
    "--unshare-net",
    "--unshare-pid",
    "--die-with-parent",
    "--chdir",
    dir,
  ]);

function standIns(options: MakepkgOptions): string {
  const folder = options.stubs ?? join(options.cache, "programs");
  mkdirSync(folder, { recursive: true, mode: 0o755 });
  for (const name of programs) {
    const path = join(folder, name);
    if (Bun.which(name) === null && !existsSync(path)) writeFileSync(path, "#!/bin/sh\n", { mode: 0o755 });
  }
  return folder;
}
