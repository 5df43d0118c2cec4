// Manual pages, from the same commands as `--help`: one page for each command, in the language of man(7).
import { VERSION } from "../lib/version.ts";
import { type Command, writtenFlag } from "./argv.ts";
import { usageLine, wrap } from "./help.ts";

export interface Page {
  /** `rbee-worker-download.1` */
  readonly file: string;
  readonly text: string;
}

const SECTION = "1";
/** Lines of text in a page's source are at most this long. */
const LINE = 70;

/** What every command exits with: the closed list of the contract. */
const EXIT: readonly (readonly [code: string, meaning: string])[] = [
  ["0", "Done"],
  ["1", "Failed: a build, a download, a bug"],
  ["2", "The words of the command are wrong"],
  ["3", "Not found"],
  ["4", "Not possible here: platform, dependency, permission, disk"],
  ["5", "The hive cannot be reached or refused"],
  ["6", "Verification failed: checksum, signature, bad recipe"],
  ["124", "Timed out"],
  ["130", "Cancelled with Ctrl+C"],
  ["143", "Terminated"],
];

const ENVIRONMENT: readonly (readonly [name: string, meaning: string])[] = [
  ["RBEE_HOME", "One directory that holds everything: settings, data, caches, state, your prefix"],
  ["RBEE_HIVE_URL", "The hive to ask, as --hive"],
  ["RBEE_TOKEN", "The key to that hive"],
  ["RBEE_CATALOG", "Catalogs before the built-in one, by comma: addresses or directories"],
  ["RBEE_SYSTEM_PREFIX, RBEE_USER_PREFIX", "Where workers go, for all users and for you (/usr/local and ~/.local)"],
  ["HF_ENDPOINT, HF_TOKEN, HF_HOME", "Hub, key and cache of models, as its other clients read them"],
  ["HTTP_PROXY, HTTPS_PROXY, NO_PROXY", "The proxy"],
  ["NO_COLOR, FORCE_COLOR, CI, TERM=dumb", "Whether there is colour and whether lines move"],
];

const FILES: readonly (readonly [path: string, meaning: string])[] = [
  ["~/.config/rbee/config.json", "Settings, see rbee-config(1)"],
  ["~/.local/share/rbee", "Models that were added, keys of signers"],
  ["~/.cache/rbee", "Sources and builds; rbee prune empties it"],
  ["~/.local/state/rbee", "The hive's address, key, jobs and logs"],
];

/** The pages of a command and of everything below it. */
export function manPages(command: Command, path: readonly string[] = []): Page[] {
  const children = (command.children ?? []).flatMap((child) => manPages(child, [...path, child.name]));
  return [{ file: `${pageName(path)}.${SECTION}`, text: manPage(command, path) }, ...children];
}

/** One page. `path` is the words that lead to the command. */
export function manPage(command: Command, path: readonly string[]): string {
  const parts = [
    `.TH ${quoted(pageName(path).toUpperCase())} ${SECTION} "" ${quoted(`rbee ${VERSION}`)} "rbee"`,
    `.SH NAME\n${roff(pageName(path))} \\- ${roff(command.summary)}`,
    `.SH SYNOPSIS\n.B ${roff(usageLine(command, ["rbee", ...path].join(" ")))}`,
    also(command, path),
    tagged(
      "COMMANDS",
      (command.children ?? []).map(({ name, summary }) => [name, summary]),
    ),
    tagged("OPTIONS", optionRows(command)),
    tagged("EXIT STATUS", EXIT),
    path.length === 0 ? tagged("ENVIRONMENT", ENVIRONMENT) : "",
    path.length === 0 ? tagged("FILES", FILES) : "",
    examples(command),
    seeAlso(command, path),
  ];
  return `${parts.filter(Boolean).join("\n")}\n`;
}

function pageName(path: readonly string[]): string {
  return ["rbee", ...path].join("-");
}

function also({ aliases = [] }: Command, path: readonly string[]): string {
  const names = aliases.map((alias) => ["rbee", ...path.slice(0, -1), alias].join(" "));
  return names.length === 0 ? "" : `.PP\nAlso: ${roff(names.join(", "))}`;
}

function optionRows({ args = {} }: Command): [string, string][] {
  return Object.entries(args).map(([key, definition]) => {
    if (definition.type === "positional") return [`<${definition.valueHint ?? key}>`, definition.description ?? ""];
    const alias = "alias" in definition && definition.alias ? `-${String(definition.alias)}, ` : "";
    const value = definition.type === "boolean" ? "" : ` ${definition.valueHint ?? "VALUE"}`;
    return [`${alias}${writtenFlag(key, definition)}${value}`, definition.description ?? ""];
  });
}

function tagged(title: string, rows: readonly (readonly [string, string])[]): string {
  return rows.length === 0
    ? ""
    : [
        `.SH ${title}`,
        ...rows.map(
          ([tag, text]) =>
            `.TP\n.B ${roff(tag)}\n${wrap(text || "-", LINE)
              .map(roff)
              .join("\n")}`,
        ),
      ].join("\n");
}

function examples({ examples: lines = [] }: Command): string {
  return lines.length === 0 ? "" : `.SH EXAMPLES\n${lines.map((line) => `.nf\n${roff(line)}\n.fi`).join("\n.PP\n")}`;
}

function seeAlso({ children = [] }: Command, path: readonly string[]): string {
  const below = children.map(({ name }) => [...path, name]);
  const pages = [...(path.length > 0 ? [path.slice(0, -1)] : []), ...below];
  return `.SH SEE ALSO\n${pages.map((page) => `.BR ${roff(pageName(page))} (${SECTION})`).join(" ,\n")}`;
}

/** Text as roff takes it: no escape of its own, no hyphen that becomes a dash, no line that would be a request. Source: groff_man(7). */
function roff(text: string): string {
  return text
    .replaceAll("\\", "\\e")
    .replaceAll("-", "\\-")
    .replaceAll("~", "\\(ti")
    .replaceAll("^", "\\(ha")
    .replaceAll("`", "\\(ga")
    .replace(/^([.'])/gm, "\\&$1");
}

function quoted(text: string): string {
  return `"${roff(text).replaceAll('"', "\\(dq")}"`;
}
