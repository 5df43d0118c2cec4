// The state of a shell that reads a recipe: variables in their scopes, functions, options, what was printed and what was spent.
import type { Command } from "./ast.ts";
import { handOver, LimitExceeded, limits } from "./handover.ts";
import type { Source } from "./source.ts";

export type Value =
  | { readonly kind: "scalar"; readonly text: string | undefined; readonly readonly?: boolean }
  | { readonly kind: "array"; readonly items: ReadonlyMap<number, string>; readonly readonly?: boolean }
  | { readonly kind: "map"; readonly items: ReadonlyMap<string, string>; readonly readonly?: boolean };

export interface ShellFunction {
  readonly name: string;
  readonly body: Command;
  /** The text that the body's places refer to. */
  readonly text: string;
  readonly start: number;
}

export type Flow = { readonly kind: "return" } | { readonly kind: "break" | "continue"; readonly levels: number };

/** What may be asked about the recipe's directory, and about nothing outside it; without it, whatever looks at files is handed over. */
export interface Directory {
  readonly names: () => readonly string[];
  /** The text of a file that the recipe sources. */
  readonly read: (path: string) => string | undefined;
  /** What a path is; nothing when it leads out of the directory. */
  readonly kind: (path: string) => "file" | "directory" | "other" | "missing" | undefined;
}

export interface Shell {
  readonly source: Source;
  readonly directory: Directory | undefined;
  readonly globals: Map<string, Value>;
  readonly scopes: Map<string, Value>[];
  readonly functions: Map<string, ShellFunction>;
  readonly options: Set<string>;
  positional: readonly string[];
  status: number;
  flow: Flow | undefined;
  /** Text printed inside a command substitution; outside there is none, and whoever prints there hands over. */
  output: string[] | undefined;
  /** Status of the last command substitution, for the status of an assignment. */
  substituted: number | undefined;
  loops: number;
  depth: number;
  /** Place of the command that runs, for hand-overs. */
  at: number;
  /** Shared with every subshell. */
  readonly spent: { steps: number; length: number };
}

/** The exit status; that of a program that was not run is not known. */
export function statusOf(shell: Shell): number {
  if (Number.isNaN(shell.status)) handOver("the exit status of a program", shell.at);
  return shell.status;
}

export function spend(shell: Shell, steps: number): void {
  shell.spent.steps += steps;
  if (shell.spent.steps > limits.steps) throw new LimitExceeded(`reading it takes more than ${limits.steps} steps`, shell.at);
}

/** Passes a value on unless it is too long. */
export function sized(shell: Shell, text: string): string {
  shell.spent.length += text.length;
  if (text.length > limits.valueLength) throw new LimitExceeded(`a value is longer than ${limits.valueLength} characters`, shell.at);
  if (shell.spent.length > limits.totalLength)
    throw new LimitExceeded(`its values are longer than ${limits.totalLength} characters together`, shell.at);
  return text;
}

/** Variables that bash or makepkg sets by itself and that are not modelled. */
const foreign =
  /^(?:BASH(?!_SOURCE$|_REMATCH$).*|RANDOM|SRANDOM|SECONDS|EPOCH.*|LINENO|FUNCNAME|HOSTNAME|HOSTTYPE|MACHTYPE|OSTYPE|UID|EUID|PPID|PATH|HOME|SHELL|SHELLOPTS|SHLVL|DIRSTACK|GROUPS|OPT.*|COLUMNS|LINES|TERM|USER|LOGNAME|LANG|LC_.*|LANGUAGE|PS[0-4]|PIPESTATUS|COMP_.*|COPROC|MAPFILE|_|OLDPWD|TMPDIR|TEXTDOMAIN.*|COMMAND_MODE|SOURCE_DATE_EPOCH|ARGLIST|[A-Z]*FUNC|PACMAN.*|GPGKEY|DLAGENTS|VCSCLIENTS|BUILDENV|OPTIONS|INTEGRITY_CHECK|STRIP_.*|MAN_DIRS|DOC_DIRS|PURGE_TARGETS|DBGSRCDIR|COMPRESS.*|E_[A-Z_]+|LIBMAKEPKG.*|ASDEPS|BUILDPKG|CLEANBUILD|CLEANUP|DEP_BIN|FORCE|GENINTEG|HOLDVER|IGNOREARCH|INFAKEROOT|INSTALL|LOGGING|NEEDED|NOARCHIVE|NOBUILD|NODEPS|NOEXTRACT|REPKG|REPRODUCIBLE|RMDEPS|SKIP[A-Z]+|SIGNPKG|SPLITPKG|SOURCEONLY|VERIFYSOURCE|PRINTSRCINFO|PACKAGELIST|MAKEPKG_CONF|XDG_PACMAN_DIR|known_hash_algos|pkgbuild_schema_.*|lint_.*|packaging_options|build_options|executable_functions|tidy_.*|signal|extra_environment|shellopts|lib)$/;

/** Settings and the like that a recipe may set anew; makepkg looks at them only when it builds. */
export const settable =
  /^(?:_|OPTIONS|SOURCE_DATE_EPOCH|DLAGENTS|VCSCLIENTS|COMPRESS[A-Z0-9]*|PURGE_TARGETS|STRIP_[A-Z]*|BUILDENV|GPGKEY|MAN_DIRS|DOC_DIRS)$/;

export function lookUp(shell: Shell, name: string): Value | undefined {
  for (let index = shell.scopes.length - 1; index >= 0; index--) {
    const found = shell.scopes[index]?.get(name);
    if (found !== undefined) return found;
  }
  const found = shell.globals.get(name);
  if (found === undefined && foreign.test(name)) handOver(`the variable ${name}`, shell.at);
  return found;
}

/** Sets a variable where it is visible, else globally. */
export function store(shell: Shell, name: string, value: Value): void {
  if (foreign.test(name) && !settable.test(name)) handOver(`setting ${name}`, shell.at);
  if (shell.globals.get(name)?.readonly || (!foreign.test(name) && lookUp(shell, name)?.readonly))
    handOver(`the read-only variable ${name}`, shell.at);
  if (name === "BASH_SOURCE" || name === "startdir" || name === "makepkg_version") handOver(`setting ${name}`, shell.at);
  if (name === "IFS" && value.kind !== "scalar") handOver("a list in IFS", shell.at);
  const scope = shell.scopes.findLast((each) => each.has(name)) ?? shell.globals;
  scope.set(name, value);
}

/** Sets a variable to a text as `read`, `for` and `printf -v` do: of an array it becomes the element 0. */
export function storeText(shell: Shell, name: string, text: string): void {
  const old =
    [...shell.scopes]
      .reverse()
      .find((scope) => scope.has(name))
      ?.get(name) ?? shell.globals.get(name);
  if (old?.kind === "map") handOver("a text for an associative array", shell.at);
  store(shell, name, old?.kind === "array" ? { kind: "array", items: new Map(old.items).set(0, text) } : scalar(text));
}

export const scalar = (text: string): Value => ({ kind: "scalar", text });

export function arrayOf(values: readonly string[]): Value {
  return { kind: "array", items: new Map(values.map((value, index) => [index, value])) };
}

/** Indices and values in the order in which bash lists them. */
export function entriesOf(value: Value | undefined): (readonly [string, string])[] {
  if (value === undefined) return [];
  if (value.kind === "scalar") return value.text === undefined ? [] : [["0", value.text]];
  if (value.kind === "map") return mapEntries(value.items);
  return [...value.items].sort(([a], [b]) => a - b).map(([index, text]) => [String(index), text]);
}

/** Buckets of a new associative array, which grow when there are twice as many keys (bash 5, assoc.h and hashlib.h). */
const buckets = 1024;

/** An associative array is listed bucket by bucket, in each the newest first (bash 5, hashlib.c and assoc.c). */
function mapEntries(items: ReadonlyMap<string, string>): (readonly [string, string])[] {
  if (items.size < 2) return [...items];
  if (items.size >= 2 * buckets) handOver("the order of a large associative array");
  return [...items]
    .map((entry, index) => ({ entry, bucket: bucketOf(entry[0]), index }))
    .sort((a, b) => a.bucket - b.bucket || b.index - a.index)
    .map(({ entry }) => entry);
}

/** FNV-1, 32 bits (hash_string of bash 5). */
function bucketOf(key: string): number {
  if (/[^\0-\x7f]/.test(key)) handOver("the order of keys that are not ASCII");
  let hash = 2166136261;
  for (let at = 0; at < key.length; at++) hash = Math.imul(hash, 16777619) ^ key.charCodeAt(at);
  return (hash >>> 0) & (buckets - 1);
}

/** What `$name` is: a scalar's text or the element 0. */
export function plainText(value: Value | undefined): string | undefined {
  if (value === undefined || value.kind === "scalar") return value?.text;
  return value.kind === "array" ? value.items.get(0) : value.items.get("0");
}

/** A shell for `$( … )` and `( … )`: the same, and nothing it changes comes back. Values are immutable, so copying the maps is enough. */
export function subshell(shell: Shell, output: string[] | undefined): Shell {
  spend(shell, 50);
  return {
    ...shell,
    globals: new Map(shell.globals),
    scopes: shell.scopes.map((scope) => new Map(scope)),
    functions: new Map(shell.functions),
    options: new Set(shell.options),
    source: { ...shell.source },
    output,
    flow: undefined,
    loops: 0,
  };
}

/** A text that stands for the printed form of a function (`declare -f`); it may be stored, renamed at its start and evaluated, nothing else. */
export const functionMark = "\ufdd0";

/** Stands for what a program would have printed; it may be stored, and whoever looks into it hands over. */
export const unknownMark = "\ufdd1";

export const isUnknown = (text: string) => text.includes(unknownMark);

export function refuseMark(text: string): string {
  if (text.includes(functionMark)) handOver("looking into the text of a function");
  if (isUnknown(text)) handOver("the output of a program");
  return text;
}
