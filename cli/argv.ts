// Finds the command that the words mean and refuses what it does not know: the nearest valid word is suggested.
import { type ArgsDef, parseArgs } from "citty";
import { fail } from "../lib/errors.ts";
import { nearest } from "../lib/nearest.ts";

/** A command of ours: an object, its arguments and its children known without loading anything. */
export interface Command {
  readonly name: string;
  readonly summary: string;
  readonly aliases?: readonly string[];
  readonly args?: ArgsDef;
  readonly examples?: readonly string[];
  /** The field that takes the words after `--`. */
  readonly afterDashes?: string;
  /** Everything behind the first word is somebody else's, flags too. */
  readonly takesRest?: true | undefined;
  /** The word that may be given many times; `lists` has all of them. */
  readonly manyWords?: string;
  readonly children?: readonly Command[];
  readonly run?: (args: ParsedArgs) => Promise<number>;
}

export interface ParsedArgs {
  readonly values: Readonly<Record<string, string | boolean | undefined>>;
  /** A flag that was given several times has all its values here. */
  readonly lists: Readonly<Record<string, readonly string[]>>;
  readonly afterDashes: readonly string[];
}

export interface Found {
  readonly command: Command;
  /** The words that lead to it. */
  readonly path: readonly string[];
  readonly rest: readonly string[];
}

/** Walks the words down the tree as far as they are commands. @throws USAGE for a word that is none. */
export function findCommand(root: Command, argv: readonly string[]): Found {
  let command = root;
  const path: string[] = [];
  for (const [index, word] of argv.entries()) {
    if (!command.children) return { command, path, rest: argv.slice(index) };
    // Flags may stand before the verb, as in `rbee --json worker list`.
    if (word.startsWith("-")) return { command, path, rest: argv.slice(index) };
    const child = command.children.find(({ name, aliases }) => name === word || aliases?.includes(word));
    if (!child && word === "help") return helpFor(command, path, argv.slice(index + 1));
    if (!child) throw unknownWord(command, path, word);
    command = child;
    path.push(child.name);
  }
  return { command, path, rest: [] };
}

/** `rbee help worker list` is `rbee worker list --help`. */
function helpFor(command: Command, path: readonly string[], words: readonly string[]): Found {
  const found = findCommand(command, [...words, "--help"]);
  return { ...found, path: [...path, ...found.path] };
}

/**
 * Checks the words strictly, then lets citty read them: `--name value`, `--name=value`, `--no-name`, `-n value`, `--` ends the flags (getopt_long(3)).
 * @throws USAGE for an unknown flag, a missing value, a word too many or too few.
 */
export function parseArguments({ command, path, rest }: Found): ParsedArgs {
  if (command.takesRest) {
    const own = ownWords(command, rest);
    const parsed = parseArguments({ command: { ...command, takesRest: undefined }, path, rest: own });
    return { ...parsed, afterDashes: rest.slice(own.length) };
  }
  const args = command.args ?? {};
  const dashes = rest.indexOf("--");
  const before = dashes < 0 ? rest : rest.slice(0, dashes);
  const after = dashes < 0 ? [] : rest.slice(dashes + 1);
  const { lists, words } = checkWords(args, path, before);
  // Without a field for them, the words after `--` are ordinary words.
  const all = command.afterDashes ? words : [...words, ...after];
  checkPositionals(args, path, command.manyWords ? all.slice(0, 1) : all);
  const flags = Object.entries(lists).flatMap(([key, given]) =>
    given.map((value) => (value === true ? `--${key}` : value === false ? `--no-${key}` : `--${key}=${value}`)),
  );
  const values = parseArgs<ArgsDef>([...flags, "--", ...all], args) as ParsedArgs["values"];
  const texts = Object.entries(lists).map(
    ([key, given]) => [key, given.filter((value) => typeof value === "string")] as [string, string[]],
  );
  if (command.manyWords && all.length > 0) texts.push([command.manyWords, all]);
  return { values, lists: Object.fromEntries(texts), afterDashes: command.afterDashes ? after : [] };
}

/** The words up to the first that is no flag, that one included: those that are the command's own, also where others follow. */
export function ownWords({ takesRest, args = {} }: Command, rest: readonly string[]): readonly string[] {
  if (!takesRest) return rest;
  let index = 0;
  while (index < rest.length && rest[index]!.startsWith("-") && rest[index] !== "-") {
    const key = matchFlag(args, rest[index]!)?.key;
    index += key !== undefined && args[key]!.type !== "boolean" ? 2 : 1;
  }
  return rest.slice(0, index + 1);
}

/** Every flag with what was given to it, and the words between. */
function checkWords(args: ArgsDef, path: readonly string[], tokens: readonly string[]) {
  const lists: Record<string, (string | boolean)[]> = {};
  const words: string[] = [];
  const waiting = [...tokens];
  for (let token = waiting.shift(); token !== undefined; token = waiting.shift()) {
    if (!token.startsWith("-") || token === "-") {
      words.push(token);
      continue;
    }
    const together = shortFlags(args, token);
    if (together.length > 1) {
      waiting.unshift(...together);
      continue;
    }
    const [name, attached] = splitFlag(token);
    const { key, value } = matchFlag(args, name) ?? throwUnknownFlag(args, path, token);
    const isBoolean = args[key]!.type === "boolean";
    if (isBoolean && attached !== undefined) throw usage(path, `${name} takes no value`);
    const given = isBoolean ? value : (attached ?? waiting.shift());
    if (given === undefined) throw usage(path, `${name} needs a value`);
    lists[key] = [...(lists[key] ?? []), given];
  }
  return { lists, words };
}

/** The name of an input's field as a flag: `max_tokens` is `max-tokens`. */
export function flagKey(field: string): string {
  return field.replaceAll("_", "-");
}

/** A flag as people type it: one that is on by default is written with `no-`. */
export function writtenFlag(key: string, definition: ArgsDef[string]): string {
  return definition.type === "boolean" && definition.default === true ? `--no-${key}` : `--${key}`;
}

export function usage(path: readonly string[], problem: string): Error {
  return fail("USAGE", { problem, help: `See ${["rbee", ...path, "--help"].join(" ")}` });
}

function checkPositionals(args: ArgsDef, path: readonly string[], words: readonly string[]): void {
  const positionals = Object.entries(args).filter(([, { type }]) => type === "positional");
  const missing = positionals.slice(words.length).find(([, { required }]) => required !== false);
  if (missing) throw usage(path, `<${missing[1].valueHint ?? missing[0]}> is missing`);
  if (words.length > positionals.length) throw usage(path, `"${words[positionals.length]}" is one word too many`);
}

/** `-qv` as `-q` and `-v`, when all of its letters are flags without a value. */
function shortFlags(args: ArgsDef, token: string): string[] {
  if (!/^-\w{2,}$/.test(token)) return [];
  const flags = [...token.slice(1)].map((letter) => `-${letter}`);
  const areAll = flags.every((flag) => args[matchFlag(args, flag)?.key ?? ""]?.type === "boolean");
  return areAll ? flags : [];
}

function splitFlag(token: string): [string, string | undefined] {
  const equals = token.indexOf("=");
  return token.startsWith("--") && equals > 0 ? [token.slice(0, equals), token.slice(equals + 1)] : [token, undefined];
}

function matchFlag(args: ArgsDef, name: string): { key: string; value: boolean } | undefined {
  for (const [key, definition] of Object.entries(args)) {
    if (definition.type === "positional") continue;
    if (name === `--${key}`) return { key, value: true };
    if (definition.type === "boolean" && name === `--no-${key}`) return { key, value: false };
    const aliases = "alias" in definition ? [definition.alias ?? []].flat() : [];
    if (aliases.some((alias) => name === `-${alias}`)) return { key, value: true };
  }
  return undefined;
}

function throwUnknownFlag(args: ArgsDef, path: readonly string[], token: string): never {
  const known = Object.entries(args).flatMap(([key, definition]) =>
    definition.type === "positional" ? [] : [writtenFlag(key, definition)],
  );
  throw usage(path, `Unknown flag ${splitFlag(token)[0]}${suggestion(splitFlag(token)[0], known)}`);
}

function unknownWord(command: Command, path: readonly string[], word: string): Error {
  const known = (command.children ?? []).flatMap(({ name, aliases }) => [name, ...(aliases ?? [])]);
  return usage(path, `Unknown command "${word}"${suggestion(word, known)}`);
}

function suggestion(written: string, known: readonly string[]): string {
  const near = nearest(written, known);
  return near ? `. Did you mean ${near}?` : "";
}
