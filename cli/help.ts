// What `--help` prints: the same for every command, from what the command says of itself.
import { type Command, writtenFlag } from "./argv.ts";

/** Help for one command, at most 100 columns wide where its words allow. */
export function renderHelp(command: Command, path: readonly string[]): string {
  const name = ["rbee", ...path].join(" ");
  const parts = [command.summary, `Usage: ${usageLine(command, name)}`];
  if (command.aliases?.length)
    parts.push(
      `Also: ${command.aliases
        .map((alias) => [...path.slice(0, -1), alias].join(" "))
        .map((words) => `rbee ${words}`)
        .join(", ")}`,
    );
  if (command.children)
    parts.push(
      section(
        "Commands",
        command.children.map((child) => [child.name + (child.aliases?.length ? ` (${child.aliases.join(", ")})` : ""), child.summary]),
      ),
    );
  const flags = flagRows(command);
  if (flags.length > 0) parts.push(section("Options", flags));
  if (command.examples?.length) parts.push(`Examples:\n${command.examples.map((example) => `  ${example}`).join("\n")}`);
  return `${parts.join("\n\n")}\n`;
}

/** How a command is written, with the words that it takes. */
export function usageLine(command: Command, name: string): string {
  if (command.children) return `${name} <command>`;
  const words = Object.entries(command.args ?? {})
    .filter(([, { type }]) => type === "positional")
    .map(([key, { valueHint, required }]) => (required === false ? `[${valueHint ?? key}]` : `<${valueHint ?? key}>`));
  return [name, ...words, "[options]", ...(command.afterDashes ? ["[-- ARGS...]"] : [])].join(" ");
}

function flagRows({ args = {} }: Command): [string, string][] {
  return Object.entries(args).map(([key, definition]) => {
    if (definition.type === "positional") return [`<${definition.valueHint ?? key}>`, definition.description ?? ""];
    const alias = "alias" in definition && definition.alias ? `-${definition.alias}, ` : "";
    const value = definition.type === "boolean" ? "" : ` ${definition.valueHint ?? "VALUE"}`;
    return [`${alias}${writtenFlag(key, definition)}${value}`, definition.description ?? ""];
  });
}

/** Help is at most this wide. */
const WIDTH = 100;

function section(title: string, rows: readonly (readonly [string, string])[]): string {
  const width = Math.max(...rows.map(([left]) => left.length));
  const indent = " ".repeat(width + 4);
  const lines = rows.map(([left, right]) => `  ${left.padEnd(width)}  ${wrap(right, WIDTH - indent.length).join(`\n${indent}`)}`.trimEnd());
  return `${title}:\n${lines.join("\n")}`;
}

/** A text as lines of at most `width` characters, broken between words. */
export function wrap(text: string, width: number): string[] {
  const lines = [""];
  for (const word of text.split(" ")) {
    const line = lines.at(-1)!;
    if (line !== "" && line.length + 1 + word.length > width) lines.push(word);
    else lines[lines.length - 1] = line === "" ? word : `${line} ${word}`;
  }
  return lines;
}
