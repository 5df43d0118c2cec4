// rbee config: settings that last, and where each one comes from.
import { absoluteCatalogPlace } from "../lib/catalog/place.ts";
import { changeSetting, configFile, listSettings, settingName, variableOf } from "../lib/config.ts";
import { findHive } from "../lib/hive-file.ts";
import { pathsFrom, shortPath } from "../lib/paths.ts";
import type { Command, ParsedArgs } from "./argv.ts";
import { COMMON_ARGS } from "./commands.ts";
import { Output } from "./output.ts";
import { views } from "./views.ts";

const KEY = {
  key: { type: "positional", required: true, valueHint: "KEY", description: "A setting, as `rbee config list` shows it" },
} as const;

export const configCommand: Command = {
  name: "config",
  summary: "Settings that last (config.json < RBEE_* < flags)",
  children: [
    command("list", "Every setting, its value and where it comes from", {}, list, ["rbee config list", "rbee config list --json"]),
    command("get", "One setting", KEY, get, ["rbee config get port", "rbee config get install_timeout"]),
    command(
      "set",
      "Change a setting; a hive that runs takes it at its next start",
      { ...KEY, value: { type: "positional", required: true, valueHint: "VALUE", description: "What it becomes" } },
      set,
      ["rbee config set port 8000", "rbee config set install_timeout 30m"],
    ),
    command("unset", "Take a setting back to its default", KEY, unset, ["rbee config unset port", "rbee config unset catalog"]),
  ],
};

function command(
  name: string,
  summary: string,
  args: NonNullable<Command["args"]>,
  run: (args: ParsedArgs, output: Output) => number,
  examples: string[],
): Command {
  return { name, summary, args: { ...args, ...COMMON_ARGS }, examples, run: async (parsed) => run(parsed, new Output(parsed.values)) };
}

function list(_: ParsedArgs, output: Output): number {
  const settings = listSettings(pathsFrom());
  if (output.json) output.data(Object.fromEntries(settings.map(({ key, value, from }) => [key, { value, from }])));
  else views.config_list({ file: configFile(pathsFrom()), settings }, output);
  return 0;
}

function get(args: ParsedArgs, output: Output): number {
  tell(settingName(String(args.values.key)), output);
  return 0;
}

function tell(key: string, output: Output): void {
  const { value, from } = listSettings(pathsFrom()).find((each) => each.key === key)!;
  if (output.json) output.data({ key, value, from });
  else output.result(value);
}

function set(args: ParsedArgs, output: Output): number {
  const value = String(args.values.value);
  // A hive works in another directory than this one.
  const isCatalog = settingName(String(args.values.key)) === "catalog";
  return change(args, isCatalog ? value.split(",").filter(Boolean).map(absoluteCatalogPlace).join(",") : value, output);
}

function unset(args: ParsedArgs, output: Output): number {
  return change(args, undefined, output);
}

function change(args: ParsedArgs, value: string | undefined, output: Output): number {
  const paths = pathsFrom();
  const key = settingName(String(args.values.key));
  changeSetting(paths, key, value);
  if (output.json) tell(key, output);
  else output.note(`${value === undefined ? `${key} has its default again` : `${key} is now ${value}`} (${shortPath(configFile(paths))})`);
  if (process.env[variableOf(key)]) output.warn(`${variableOf(key)} is set here and wins`);
  if (findHive(paths)) output.note("hint: A hive runs; it takes the change at its next start: rbee hive restart");
  return 0;
}
