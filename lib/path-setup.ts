// Puts a directory on PATH in the file that the user's shell reads, once, with a copy of the file as it was, and takes it out again.
// Sources: bash(1) INVOCATION, zsh(1) STARTUP/SHUTDOWN FILES, fish(1) conf.d.
import { existsSync, readFileSync, realpathSync, rmSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { basename, join } from "node:path";
import { writeFileAtomic } from "./atomic.ts";
import type { PathSetup } from "./contract/views.ts";
import { fail } from "./errors.ts";
import type { Env } from "./paths.ts";

type Shell = PathSetup["shell"];
type Plan = Omit<PathSetup, "changed" | "backup">;

/** Marks what is ours, so that it is written once and only that is taken out. */
const MARK = "# added by rbee";
const BACKUP = ".before-rbee";

/** Which file would get which line. @throws SHELL_UNKNOWN; UNSAFE_PATH when the directory's name cannot be written into a shell's file. */
export function planPathSetup({ directory, shell, env }: { directory: string; shell?: Shell | undefined; env: Env }): Plan {
  // A newline would end the line that is ours, a colon the entry in PATH.
  if (/[\n\r\0:]/.test(directory)) throw fail("UNSAFE_PATH", { path: directory, root: "one line of a shell's file" });
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
  const name = basename(env.SHELL ?? "bash");
  if (name === "bash" || name === "zsh" || name === "fish") return name;
  throw fail("SHELL_UNKNOWN", { shell: name, directory });
}

function fileOf(shell: Shell, env: Env): string {
  const home = env.HOME || homedir();
  const files = {
    bash: join(home, ".bashrc"),
    zsh: join(env.ZDOTDIR || home, ".zshrc"),
    fish: join(env.XDG_CONFIG_HOME || join(home, ".config"), "fish/conf.d/rbee.fish"),
  } satisfies Record<Shell, string>;
  return files[shell];
}

/** In single quotes nothing but the quote itself means anything. */
function lineFor(shell: Shell, directory: string): string {
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
