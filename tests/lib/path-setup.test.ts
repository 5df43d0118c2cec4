// The line that puts a directory on PATH: written once, undone to the byte, whatever the directory is called.
import { describe, expect, test } from "bun:test";
import { existsSync, lstatSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { planPathSetup, setUpPath, undoPathSetup } from "../../lib/path-setup.ts";
import { temporaryDirectory } from "../harness.ts";

const AWKWARD = "/opt/it's a $(touch pwned) `dir`\\n";

describe("a directory on PATH", () => {
  for (const shell of ["bash", "zsh", "fish", "nushell", "powershell"] as const)
    test(`${shell}: written once, undone to the byte`, () => {
      using home = temporaryDirectory();
      const plan = planPathSetup({ directory: join(home.path, "bin"), shell, env: { HOME: home.path } });
      mkdirSync(join(plan.file, ".."), { recursive: true });
      writeFileSync(plan.file, "alias x=y # no newline at the end", { mode: 0o600 });
      const before = readFileSync(plan.file, "utf8");
      const first = setUpPath(plan);
      expect(first).toMatchObject({ changed: true, backup: `${plan.file}.before-rbee` });
      expect(readFileSync(first.backup!, "utf8")).toBe(before);
      expect(statSync(plan.file).mode & 0o777).toBe(0o600);
      const after = readFileSync(plan.file, "utf8");
      expect(setUpPath(plan).changed).toBe(false);
      expect(readFileSync(plan.file, "utf8")).toBe(after);
      expect(undoPathSetup(plan).changed).toBe(true);
      expect(readFileSync(plan.file, "utf8")).toBe(`${before}\n`);
      expect(existsSync(first.backup!)).toBe(false);
      expect(undoPathSetup(plan).changed).toBe(false);
    });

  test("bash finds what is there, whatever the directory is called, and nothing in its name is run", () => {
    using home = temporaryDirectory();
    const directory = join(home.path, AWKWARD);
    mkdirSync(directory, { recursive: true });
    writeFileSync(join(directory, "hello"), "#!/bin/sh\necho found\n", { mode: 0o755 });
    setUpPath(planPathSetup({ directory, shell: "bash", env: { HOME: home.path } }));
    const said = Bun.spawnSync(["bash", "-c", ". ~/.bashrc; hello"], { env: { HOME: home.path, PATH: "/bin:/usr/bin" }, cwd: home.path });
    expect(said.stdout.toString()).toBe("found\n");
    expect(existsSync(join(home.path, "pwned"))).toBe(false);
  });

  test.if(Bun.which("nu") !== null)("nushell finds it the same way", () => {
    using home = temporaryDirectory();
    const directory = join(home.path, 'it\'s a "quoted" $dir (x) \\n');
    mkdirSync(directory, { recursive: true });
    writeFileSync(join(directory, "hello"), "#!/bin/sh\necho found\n", { mode: 0o755 });
    const plan = planPathSetup({ directory, shell: "nushell", env: { HOME: home.path } });
    setUpPath(plan);
    const env = { HOME: home.path, XDG_CONFIG_HOME: join(home.path, ".config"), PATH: process.env.PATH ?? "" };
    const said = Bun.spawnSync(["nu", "--no-config-file", "-c", `source ${plan.file}; hello`], { env, cwd: home.path });
    expect(said.stdout.toString()).toBe("found\n");
    const asked = Bun.spawnSync(["nu", "--no-config-file", "-c", "$nu.user-autoload-dirs.0"], { env });
    expect(`${asked.stdout.toString().trim()}/rbee.nu`).toBe(plan.file);
  });

  test("a file that did not exist goes again, what was written meanwhile stays", () => {
    using home = temporaryDirectory();
    const plan = planPathSetup({ directory: "/opt/x/bin", shell: "bash", env: { HOME: home.path } });
    setUpPath(plan);
    undoPathSetup(plan);
    expect(existsSync(plan.file)).toBe(false);
    setUpPath(plan);
    writeFileSync(plan.file, `${readFileSync(plan.file, "utf8")}echo mine\n`);
    undoPathSetup(plan);
    expect(readFileSync(plan.file, "utf8")).toBe("echo mine\n");
  });

  test("a link into somebody's dotfiles stays a link", () => {
    using home = temporaryDirectory();
    writeFileSync(join(home.path, "dotfiles"), "# mine\n");
    symlinkSync("dotfiles", join(home.path, ".bashrc"));
    setUpPath(planPathSetup({ directory: "/opt/x/bin", shell: "bash", env: { HOME: home.path } }));
    expect(lstatSync(join(home.path, ".bashrc")).isSymbolicLink()).toBe(true);
    expect(readFileSync(join(home.path, "dotfiles"), "utf8")).toContain("/opt/x/bin");
  });

  test("the shell in use is asked for its own file; an unknown one, and a name that would end the line, are refused", () => {
    expect(planPathSetup({ directory: "/b", env: { HOME: "/h", SHELL: "/usr/bin/zsh", ZDOTDIR: "/z" } }).file).toBe("/z/.zshrc");
    expect(planPathSetup({ directory: "/b", env: { HOME: "/h", SHELL: "/usr/bin/fish" } }).file).toBe("/h/.config/fish/conf.d/rbee.fish");
    expect(planPathSetup({ directory: "/b", env: { HOME: "/h", SHELL: "/usr/bin/nu" } }).file).toBe("/h/.config/nushell/autoload/rbee.nu");
    expect(planPathSetup({ directory: "/it's", env: { HOME: "/h", SHELL: "/usr/bin/pwsh" } })).toMatchObject({
      file: "/h/.config/powershell/profile.ps1",
      line: "$env:PATH = '/it''s' + [IO.Path]::PathSeparator + $env:PATH",
    });
    expect(() => planPathSetup({ directory: "/b", env: { HOME: "/h", SHELL: "/bin/tcsh" } })).toThrow("tcsh");
    expect(() => planPathSetup({ directory: "/b\nrm -rf /", env: { HOME: "/h", SHELL: "/bin/bash" } })).toThrow("leads out");
  });
});
