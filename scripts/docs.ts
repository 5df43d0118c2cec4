// Writes the generated blocks of the documents from what they describe: `npm run docs`. A test fails when a block is stale.
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Command } from "../cli/argv.ts";
import { commandTree } from "../cli/program.ts";
import { removeTree } from "../lib/tree.ts";
import { describeFeatures, describeRules } from "./docs-recipes.ts";

const root = join(import.meta.dir, "..");

/** Every generated block: in which document, and how its text is made. */
export const BLOCKS: readonly { readonly file: string; readonly name: string; readonly make: () => string | Promise<string> }[] = [
  { file: "README.md", name: "session", make: recordSession },
  { file: "docs/commands.md", name: "commands", make: describeCommands },
  { file: "docs/recipes.md", name: "features", make: describeFeatures },
  { file: "docs/recipes.md", name: "rules", make: describeRules },
];

/** The block's text as it stands in its document. */
export function readBlock(file: string, name: string): string {
  const { content } = splitAtBlock(file, name);
  return content.trim();
}

function writeBlock(file: string, name: string, content: string): void {
  const { before, after } = splitAtBlock(file, name);
  writeFileSync(join(root, file), `${before}${content}\n${after}`);
}

function splitAtBlock(file: string, name: string): { before: string; content: string; after: string } {
  const text = readFileSync(join(root, file), "utf8");
  const opening = `<!-- ${name} -->\n`;
  const from = text.indexOf(opening) + opening.length;
  const to = text.indexOf(`<!-- /${name} -->`, from);
  if (from < opening.length || to < 0) throw new Error(`${file} has no block "${name}"`);
  return { before: text.slice(0, from), content: text.slice(from, to), after: text.slice(to) };
}

/** A table of all commands, from the tree that the command line uses. */
export function describeCommands(): string {
  const rows = leaves(commandTree()).map(({ words, command }) => `| \`rbee ${words}\` | ${command.summary} | ${flagsOf(command)} |`);
  return ["| command | what it does | flags of its own |", "|---|---|---|", ...rows].join("\n");
}

function leaves(command: Command, path: readonly string[] = []): { words: string; command: Command }[] {
  const here = command.run ? [{ words: [...path, ...wordsOf(command)].join(" "), command }] : [];
  return [...here, ...(command.children ?? []).flatMap((child) => leaves(child, [...path, child.name]))];
}

function wordsOf({ args = {} }: Command): string[] {
  return Object.entries(args).flatMap(([key, { type, valueHint, required }]) => {
    if (type !== "positional") return [];
    const word = (valueHint ?? key).replaceAll("|", "\\|");
    return [required === false ? `[${word}]` : `<${word}>`];
  });
}

const COMMON = ["json", "hive", "quiet", "verbose", "plain", "help"];

function flagsOf({ args = {} }: Command): string {
  const own = Object.entries(args).filter(([key, { type }]) => type !== "positional" && !COMMON.includes(key));
  return own
    .map(([key, definition]) => `\`--${definition.type === "boolean" && definition.default === true ? "no-" : ""}${key}\``)
    .join(" ");
}

const SESSION: readonly (readonly string[])[] = [
  ["worker", "download", "llama-node-cpu"],
  ["model", "download", "stories260K.gguf"],
  ["worker", "spawn"],
  ["infer", "Once upon a time", "--max-tokens", "40", "--temperature", "0"],
  ["worker", "remove", "llama-node-cpu", "--force"],
];

/** What a person sees who does the main job, from a real run; times, addresses and process numbers are left out. */
export async function recordSession(): Promise<string> {
  const home = mkdtempSync(join(tmpdir(), "rbee-session-"));
  const { NO_COLOR: _, FORCE_COLOR: __, ...inherited } = process.env;
  const env = {
    ...inherited,
    RBEE_HOME: home,
    RBEE_SYSTEM_PREFIX: join(home, "local"),
    PATH: `${join(home, "local/bin")}:${process.env.PATH}`,
  };
  const lines: string[] = [];
  try {
    writeFileSync(join(home, "stories260K.gguf"), readFileSync(join(root, "tests/fixtures/models/stories260K.gguf")));
    for (const args of SESSION) {
      const program = Bun.spawn([join(root, "dist/rbee"), ...args], { env, cwd: home, stdin: "ignore", stdout: "pipe", stderr: "pipe" });
      const [out, err] = await Promise.all([new Response(program.stdout).text(), new Response(program.stderr).text()]);
      if ((await program.exited) !== 0) throw new Error(`rbee ${args.join(" ")} failed:\n${err}`);
      lines.push(`$ rbee ${args.map((arg) => (arg.includes(" ") ? `"${arg}"` : arg)).join(" ")}`, tidy(err + out, home), "");
    }
  } finally {
    Bun.spawnSync([join(root, "dist/rbee"), "hive", "stop"], { env, stdout: "ignore", stderr: "ignore" });
    removeTree(home);
  }
  return ["```console", ...lines.slice(0, -1), "```"].join("\n");
}

/** A session's text without what differs from run to run. */
function tidy(text: string, home: string): string {
  return text
    .replaceAll(home, "/usr")
    .replace(/ \(\d+(\.\d+)? m?s\)/g, "")
    .replace(/^ {4}.*\n/gm, "")
    .replace(/: \d+\.\d+ s, (\d+) tokens, \d+ tokens\/s/, ": $1 tokens")
    .replace(/PID: \d+/, "PID: 12345")
    .replace(/127\.0\.0\.1:\d+/g, "127.0.0.1:7840")
    .replace(/, (linked|copied)\)/, ")")
    .replace(/^(Linked|Copied|The build runs as|The build runs without).*\n/gm, "")
    .trimEnd();
}

if (import.meta.main) for (const { file, name, make } of BLOCKS) writeBlock(file, name, await make());
