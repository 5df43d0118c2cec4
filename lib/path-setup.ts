// Puts a directory on PATH in the file that the user's shell reads, once, with a copy of the file as it was, and takes it out again.
// Sources: bash(1) INVOCATION, zsh(1) STARTUP/SHUTDOWN FILES, fish(1) conf.d, nushell.sh "Configuration" (autoload), about_Profiles.
import { existsSync, readFileSync, realpathSync, rmSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { basename, delimiter, join } from "node:path";
import { writeFileAtomic } from "./atomic.ts";
import type { PathSetup, Shell } from "./contract/views.ts";
import { fail } from "./errors.ts";
import type { Env } from "./paths.ts";

type Plan = Omit<PathSetup, "changed" | "backup">;

/** Marks what is ours, so that it is written once and only that is taken out. */
const MARK = "# added by rbee";
const BACKUP = ".before-rbee";

/** Which file would get which line. @throws SHELL_UNKNOWN; UNSAFE_PATH when the directory's name cannot be written into a shell's file. */
export function planPathSetup({ directory, shell, env }: { directory: string; shell?: Shell | undefined; env: Env }): Plan {
  // A newline would end the line that is ours, a separator the entry in PATH.
  if (/[\n\r\0]/.test(directory) || directory.includes(delimiter))
    throw fail("UNSAFE_PATH", { path: directory, root: "one line of a shell's file" });
  const name = shell ?? shellOf(env, directory);
  return { shell: name, directory, file: fileOf(name, env), line: lineFor(name, directory) };
}

/** Writes the line unless it is there. The file keeps its mode and, when it is a link, stays one. */
export function setUpPath(plan: Plan): PathSetup {
  const before = read(plan.file);
  const ours = `${plan.line} ${MARK}`;
  if (before?.split("\n").includes(ours)) return { ...plan, changed: false };
  const backup = before === undefined ? undefined : `${plan.file}${BACKUP}`;
  if (backup && !existsSync(backup)) writeFileAtomic(backup, before!, modeOf(plan.file));
  const glue = before === undefined || before === "" || before.endsWith("\n") ? "" : "\n";
  write(plan.file, `${before ?? ""}${glue}${ours}\n`);
  return { ...plan, changed: true, ...(backup ? { backup } : {}) };
}

/** Takes the line out again and leaves everything else as the user has it now. A file that held nothing else goes. */
export function undoPathSetup(plan: Plan): PathSetup {
  const before = read(plan.file);
  const ours = `${plan.line} ${MARK}`;
  if (!before?.split("\n").includes(ours)) return { ...plan, changed: false };
  const after = before.split("\n").filter((line) => line !== ours);
  const backup = `${plan.file}${BACKUP}`;
  if (after.join("") === "" && !existsSync(backup)) rmSync(realpathSync(plan.file));
  else write(plan.file, after.join("\n"));
  rmSync(backup, { force: true });
  return { ...plan, changed: true };
}

function shellOf(env: Env, directory: string): Shell {
  const name = basename(env.SHELL ?? (process.platform === "win32" ? "pwsh" : "bash")).replace(/\.exe$/, "");
  const known = PROGRAMS[name];
  if (known) return known;
  throw fail("SHELL_UNKNOWN", { shell: name, directory });
}

/** A shell's program, as SHELL names it. */
const PROGRAMS: Readonly<Record<string, Shell>> = {
  bash: "bash",
  zsh: "zsh",
  fish: "fish",
  nu: "nushell",
  pwsh: "powershell",
  powershell: "powershell",
};

function fileOf(shell: Shell, env: Env): string {
  const home = env.HOME || homedir();
  const config = env.XDG_CONFIG_HOME || join(home, ".config");
  const files = {
    bash: join(home, ".bashrc"),
    zsh: join(env.ZDOTDIR || home, ".zshrc"),
    fish: join(config, "fish/conf.d/rbee.fish"),
    nushell: join(nushellDirectory(env, home, config), "autoload/rbee.nu"),
    powershell: process.platform === "win32" ? join(home, "Documents/PowerShell/profile.ps1") : join(config, "powershell/profile.ps1"),
  } satisfies Record<Shell, string>;
  return files[shell];
}

/** Where a shell's own settings lie when no XDG_CONFIG_HOME says so. Source: `$nu.default-config-dir`. */
function nushellDirectory(env: Env, home: string, config: string): string {
  if (env.XDG_CONFIG_HOME) return join(config, "nushell");
  if (process.platform === "darwin") return join(home, "Library/Application Support/nushell");
  return process.platform === "win32" ? join(env.APPDATA || join(home, "AppData/Roaming"), "nushell") : join(config, "nushell");
}

/** In single quotes nothing but the quote itself means anything. */
function lineFor(shell: Shell, directory: string): string {
  // In nushell's double quotes only the backslash means something; PowerShell doubles a quote in single ones.
  if (shell === "nushell") return `$env.PATH = ($env.PATH | split row (char esep) | prepend ${JSON.stringify(directory)})`;
  if (shell === "powershell") return `$env:PATH = '${directory.replaceAll("'", "''")}' + [IO.Path]::PathSeparator + $env:PATH`;
  if (shell === "fish") return `fish_add_path '${directory.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
  return `export PATH='${directory.replaceAll("'", "'\\''")}':"$PATH"`;
}

function read(file: string): string | undefined {
  return existsSync(file) ? readFileSync(file, "utf8") : undefined;
}

function write(file: string, text: string): void {
  const place = existsSync(file) ? realpathSync(file) : file;
  writeFileAtomic(place, text, modeOf(file));
}

function modeOf(file: string): number {
  return (statSync(file, { throwIfNoEntry: false })?.mode ?? 0o644) & 0o777;
}
