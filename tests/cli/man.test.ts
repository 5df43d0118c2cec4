// Manual pages: one for each command, and readers of manuals take them without a word.
import { expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Command } from "../../cli/argv.ts";
import { manPage, manPages } from "../../cli/man.ts";
import { commandTree } from "../../cli/program.ts";
import { temporaryDirectory } from "../harness.ts";

const pages = manPages(commandTree());

/** Writes all pages and hands them to a program; gives back what it complains about. */
function complaints(program: readonly string[]): string[] {
  using directory = temporaryDirectory();
  for (const { file, text } of pages) writeFileSync(join(directory.path, file), text);
  const ran = Bun.spawnSync([...program, ...pages.map(({ file }) => file)], { cwd: directory.path, stdout: "pipe", stderr: "pipe" });
  return `${program[0] === "mandoc" ? ran.stdout : ""}${ran.stderr}`.split("\n").filter(Boolean);
}

test("every command has a page with its flags, its examples and what it exits with", () => {
  const count = (command: Command): number => 1 + (command.children ?? []).reduce((sum, child) => sum + count(child), 0);
  expect(pages.length).toBe(count(commandTree()));
  const page = pages.find(({ file }) => file === "rbee-worker-download.1")!.text;
  for (const part of ["\\-\\-prefix DIR", "rbee worker install", ".SH EXAMPLES", "Cancelled with Ctrl+C", ".BR rbee\\-worker (1)"])
    expect(page).toContain(part);
});

test.if(Bun.which("groff") !== null)("groff renders every page without a warning", () => {
  expect(complaints(["groff", "-ww", "-man", "-Tutf8", "-z"])).toEqual([]);
});

test.if(Bun.which("mandoc") !== null)("mandoc finds nothing wrong but a date, which a page that is made has not", () => {
  expect(complaints(["mandoc", "-Tlint", "-Wwarning"]).filter((line) => !line.includes("missing date"))).toEqual([]);
});

test.if(Bun.which("groff") !== null)("what roff would take for its own is shown as it is written", () => {
  const odd: Command = {
    name: "odd",
    summary: ".dot 'quote \\back -dash ~home `tick",
    examples: [".first", "'second \\n"],
    run: async () => 0,
  };
  const shown = Bun.spawnSync(["groff", "-ww", "-man", "-Tascii", "-P-c"], { stdin: new TextEncoder().encode(manPage(odd, ["odd"])) });
  for (const text of [".dot 'quote \\back -dash ~home `tick", ".first", "'second \\n"]) expect(shown.stdout.toString()).toContain(text);
  expect(shown.stderr.toString()).toBe("");
});
