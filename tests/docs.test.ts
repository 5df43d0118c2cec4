// Documents that cannot lie: generated blocks are current, named paths exist, shown commands are commands.
import { expect, test } from "bun:test";
import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { findCommand, parseArguments } from "../cli/argv.ts";
import { commandTree } from "../cli/program.ts";
import { operations } from "../lib/contract/operations.ts";
import { describeCommands, readBlock, recordSession } from "../scripts/docs.ts";
import { describeFeatures, describeRules } from "../scripts/docs-recipes.ts";
import { root } from "./harness.ts";

const text = (file: string) => readFileSync(join(root, file), "utf8");

test("the table of commands is what the command line has (else: npm run docs)", () => {
  expect(readBlock("docs/commands.md", "commands")).toBe(describeCommands());
});

test.skipIf(process.platform !== "linux" || Bun.which("bash") === null)(
  "the tables about recipes are what their tests show (else: npm run docs)",
  async () => {
    expect(readBlock("docs/recipes.md", "features")).toBe(await describeFeatures());
    expect(readBlock("docs/recipes.md", "features")).not.toContain("| different |");
    expect(readBlock("docs/recipes.md", "rules")).toBe(describeRules());
  },
);

/** What a model answers may differ between processors; everything around it may not. */
const withoutAnswers = (session: string) => session.replace(/(\$ rbee infer .*\n)[\s\S]*?(?=\n\n\$|\n```)/, "$1");

test("the README's session is what a real run shows (else: npm run docs)", async () => {
  const shown = readBlock("README.md", "session");
  expect(shown).toContain("[14/14]");
  expect(withoutAnswers(shown)).toBe(withoutAnswers(await recordSession()));
});

test("every path that ARCHITECTURE.md names exists", () => {
  const named = [...text("ARCHITECTURE.md").matchAll(/`((?:cli|hive|lib|scripts|tests|docs)(?:\/[\w.-]+)*)`/g)].map(([, path]) => path!);
  expect(named.length).toBeGreaterThan(20);
  expect(named.filter((path) => !existsSync(join(root, path)))).toEqual([]);
});

test("every part of the README is one screen, and its links and pictures lead somewhere", () => {
  const readme = text("README.md");
  const parts = readme.replace(/<!-- session -->[\s\S]*<!-- \/session -->/, "").split(/^## /m);
  expect(parts.length).toBeGreaterThan(5);
  expect(parts.filter((part) => part.split("\n").length > 24)).toEqual([]);
  const links = [...readme.matchAll(/\]\((?!https?:)([^)]+)\)/g)].map(([, link]) => link!);
  expect(links.filter((link) => !existsSync(join(root, link)))).toEqual([]);
});

test("the README's pictures are small, and the terminal's shows the steps that there are (else: npm run pictures)", () => {
  const size = (name: string) => statSync(join(root, "docs/pictures", name)).size;
  expect(size("terminal.svg")).toBeLessThan(20_000);
  for (const name of ["page-workers.png", "page-job.png"]) expect(size(name)).toBeLessThan(150_000);
  const shown = text("docs/pictures/terminal.svg").replaceAll("\u00a0", " ");
  for (const step of operations.worker_install.steps) expect(shown).toContain(`] ${step} (`);
});

test("the rbee commands that the README shows exist", () => {
  const shown = [...text("README.md").matchAll(/^\$ rbee (.*)$/gm)].map(([, words]) =>
    words!.match(/"[^"]*"|\S+/g)!.map((word) => word.replaceAll('"', "")),
  );
  expect(shown.length).toBeGreaterThan(3);
  for (const words of shown) expect(() => parseArguments(findCommand(commandTree(), words))).not.toThrow();
});
