// The words of a command line: read strictly, with a suggestion for what is not known.
import { expect, test } from "bun:test";
import { type Command, findCommand, parseArguments } from "../../cli/argv.ts";
import { renderHelp } from "../../cli/help.ts";
import { commandTree } from "../../cli/program.ts";

const parse = (...words: string[]) => parseArguments(findCommand(commandTree(), words));

test("flags and words may be mixed, values may be attached, a repeated flag keeps all", () => {
  expect(parse("worker", "download", "--timeout=90s", "x", "--force").values).toMatchObject({
    timeout: "90s",
    "worker-id": "x",
    force: true,
  });
  expect(parse("worker", "install", "x", "-y", "-d").values).toMatchObject({ yes: true, detach: true });
  expect(parse("hive", "serve", "--catalog", "a", "--catalog", "b").lists.catalog).toEqual(["a", "b"]);
  expect(parse("hive", "serve", "--no-auth").values.auth).toBe(false);
  expect(parse("hive", "serve").values.auth).toBe(true);
});

test("what stands behind -- is handed through or is words", () => {
  expect(parse("worker", "spawn", "--", "--threads", "1").afterDashes).toEqual(["--threads", "1"]);
  expect(parse("infer", "--", "--why?").values.prompt).toBe("--why?");
});

test("a value may look like a negative number or be empty", () => {
  expect(parse("worker", "spawn", "--model", "").values.model).toBe("");
});

function everyCommand(command: Command, path: string[] = []): [string, Command, string[]][] {
  return [
    [path.join(" ") || "rbee", command, path],
    ...(command.children ?? []).flatMap((child) => everyCommand(child, [...path, child.name])),
  ];
}

test.each(everyCommand(commandTree()))("%s has a help with a summary and, when it runs, two examples", (_, command, path) => {
  const help = renderHelp(command, path);
  expect(help).toStartWith(command.summary);
  expect(help).toContain("Usage: rbee");
  expect(Math.max(...help.split("\n").map((line) => line.length))).toBeLessThanOrEqual(130);
  if (command.run) expect(command.examples?.length).toBeGreaterThanOrEqual(2);
});

test.each(everyCommand(commandTree()).filter(([, command]) => command.run))("the examples of %s are commands that exist", (_, command) => {
  for (const example of command.examples ?? []) {
    const words = example
      .replace(/^.*?\(rbee /, "rbee ")
      .replace(/^curl .*\$\((.*?)\).*$/, "$1")
      .replace(/[)<>].*$/, "")
      .trim();
    const [program, ...rest] = words.match(/"[^"]*"|'[^']*'|\S+/g) ?? [];
    expect(program?.replace(/^.*\(/, "")).toBe("rbee");
    expect(() => parse(...rest.map((word) => word.replaceAll(/["']/g, "")))).not.toThrow();
  }
});
