// Completion for nushell: every command as an `extern` with its flags; ids come from a function. Source: nushell.sh, "Externs", "Custom completions".
import { SETTINGS } from "../../lib/config.ts";
import { type Command, writtenFlag } from "../argv.ts";
import { FLAG_IDS, idsOf, takesSetting } from "./places.ts";

const KINDS = ["workers", "models", "jobs", "processes"] as const;

export function nushell(root: Command): string {
  const completers = KINDS.map((kind) => `def "nu-complete rbee ${kind}" [] { ^rbee __ids ${kind} | lines }`);
  const settings = `def "nu-complete rbee settings" [] { [${Object.keys(SETTINGS).join(" ")}] }`;
  return ["# rbee completion for nushell", ...completers, settings, ...externs(root, [])].join("\n");
}

function externs(command: Command, path: readonly string[]): string[] {
  const parameters = [...words(command, path.join(" ")), ...flags(command), ...(path.length === 0 ? ["--version(-V)"] : [])];
  const names = [command.name, ...(command.aliases ?? [])].map((name) =>
    path.length === 0 ? "rbee" : ["rbee", ...path.slice(0, -1), name].join(" "),
  );
  const body = parameters.map((line) => `  ${line}\n`).join("");
  const here = names.map((name) => `${comment(command.summary)}\nexport extern "${name}" [\n${body}]`);
  return [...here, ...(command.children ?? []).flatMap((child) => externs(child, [...path, child.name]))];
}

/** A group takes the word of a child that was mistyped, so that rbee and not nushell answers. */
function words({ args = {}, children, takesRest, manyWords, afterDashes }: Command, path: string): string[] {
  const ids = idsOf(path);
  const completer = ids ? `@"nu-complete rbee ${ids}"` : takesSetting(path) ? '@"nu-complete rbee settings"' : "";
  const named = Object.entries(args)
    .filter(([key, { type }]) => type === "positional" && key !== manyWords)
    .map(([key], index) => `${key.replaceAll("-", "_")}?: string${index === 0 ? completer : ""}`);
  return children || takesRest || manyWords || afterDashes ? [...named, "...rest: string"] : named;
}

function flags({ args = {} }: Command): string[] {
  return Object.entries(args).flatMap(([key, definition]) => {
    if (definition.type === "positional") return [];
    const flag = writtenFlag(key, definition);
    const alias = "alias" in definition && definition.alias ? `(-${definition.alias})` : "";
    const ids = FLAG_IDS[flag];
    const type = definition.type === "boolean" ? "" : `: string${ids ? `@"nu-complete rbee ${ids}"` : ""}`;
    return [`${flag}${alias}${type} ${comment(definition.description ?? "")}`];
  });
}

function comment(text: string): string {
  return `# ${text.replaceAll("\n", " ")}`;
}
