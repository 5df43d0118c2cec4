// Rules about names, versions and the lists that hold both (lint_pkgbuild/pkgname.sh, pkgver.sh, pkgrel.sh, epoch.sh, fullpkgver.sh, depends.sh …).
import { type Recipe, valuesOf } from "../recipe.ts";
import { everyValue, type Given, type Problem, problem, type Rule } from "./problem.ts";
import type { RuleCode } from "./rules.ts";

/** What is wrong with a package name (lint_one_pkgname). */
function* nameFaults(name: string, kind: string): Iterable<string> {
  if (/^[A-Za-z0-9+_@][A-Za-z0-9+_.@-]*$/.test(name)) return;
  if (name === "") return yield `${kind} is not allowed to be empty`;
  if (name.startsWith("-")) yield `${kind} is not allowed to start with a hyphen`;
  if (name.startsWith(".")) yield `${kind} is not allowed to start with a dot`;
  if (/[^\0-\x7f]/.test(name)) return yield `${kind} may only contain ascii characters`;
  const invalid = name.replace(/[A-Za-z0-9+_.@-]/g, "");
  if (invalid !== "") yield `${kind} contains invalid characters: '${invalid}'`;
}

const inField = (what: string, kind: string) => (kind === "" ? what : `${what} in ${kind}`);

function* versionFaults(version: string, kind = ""): Iterable<string> {
  const what = inField("pkgver", kind);
  if (version === "") return yield `${what} is not allowed to be empty`;
  if (/[ \t\n\v\f\r/:-]/.test(version)) return yield `${what} is not allowed to contain colons, forward slashes, hyphens or whitespace`;
  if (/[^\0-\x7f]/.test(version)) yield `${what} may only contain ascii characters`;
}

function* releaseFaults(release: string, kind = ""): Iterable<string> {
  const what = inField("pkgrel", kind);
  if (release === "") yield `${what} is not allowed to be empty`;
  else if (!/^[0-9]+(?:\.[0-9]+)?$/.test(release)) yield `${what} must be of the form 'integer[.integer]', not ${release}`;
}

function* epochFaults(epoch: string, kind = ""): Iterable<string> {
  if (!/^[0-9]*$/.test(epoch)) yield `${inField("epoch", kind)} must be an integer, not ${epoch}`;
}

/** `epoch:pkgver-pkgrel`, split at the first colon and the last hyphen (check_fullpkgver). */
function* fullVersionFaults(text: string, kind: string): Iterable<string> {
  let version = text;
  const colon = version.indexOf(":");
  if (colon !== -1) {
    yield* epochFaults(version.slice(0, colon), kind);
    version = version.slice(colon + 1);
  }
  const hyphen = version.lastIndexOf("-");
  if (hyphen > 0) {
    yield* releaseFaults(version.slice(hyphen + 1), kind);
    version = version.slice(0, hyphen);
  }
  yield* versionFaults(version, kind);
}

const scalar = (recipe: Recipe, name: string) => valuesOf(recipe.variables.get(name))[0] ?? "";

const about = (code: RuleCode, field: string, faults: (recipe: Recipe) => Iterable<string>): Rule =>
  function* (recipe) {
    for (const message of faults(recipe)) yield problem(recipe, code, field, message);
  };

function* packageNames(recipe: Recipe): Iterable<string> {
  if (recipe.pkgname.join(" ") === "") yield "pkgname is not allowed to be empty";
  else for (const name of recipe.pkgname) yield* nameFaults(name, "pkgname");
}

/** Every value of a list: global, per architecture, and of every package function. */
function allValues(recipe: Recipe, field: string): Given[] {
  return everyValue(recipe, [field, ...recipe.arch.map((name) => `${field}_${name}`)], "array");
}

const relations = {
  depends: (entry) => entry,
  makedepends: (entry) => entry,
  checkdepends: (entry) => entry,
  conflicts: (entry) => entry,
  optdepends: (entry) => entry.replace(/:\s[\s\S]*$/, ""),
} satisfies Record<string, (entry: string) => string>;

function* relationFaults(field: string, entry: string): Iterable<string> {
  const name = /^[^<>=]*/.exec(entry)?.[0] ?? "";
  yield* nameFaults(name, field);
  if (name === entry) return;
  const version = entry.slice(name.length).replace(/^(?:<=|>=|<|>|=)/, "");
  if (version !== "" || field !== "depends") yield* fullVersionFaults(version, field);
}

function* provisionFaults(entry: string): Iterable<string> {
  if (/[<>]/.test(entry)) return yield "provides array cannot contain comparison (< or >) operators";
  const equals = entry.lastIndexOf("=");
  const name = equals === -1 ? entry : entry.slice(0, equals);
  yield* nameFaults(name, "provides");
  if (equals !== -1) yield* fullVersionFaults(entry.slice(equals + 1), "provides");
}

function* relationRule(recipe: Recipe): Iterable<Problem> {
  for (const [field, entryOf] of Object.entries(relations) as [keyof typeof relations, (entry: string) => string][])
    for (const { value, ...where } of allValues(recipe, field))
      for (const message of relationFaults(field, entryOf(value))) yield problem(recipe, `lint_${field}`, where.field, message, where);
  for (const { value, ...where } of allValues(recipe, "provides"))
    for (const message of provisionFaults(value)) yield problem(recipe, "lint_provides", where.field, message, where);
}

export const nameRules: readonly Rule[] = [
  about("lint_pkgname", "pkgname", packageNames),
  about("lint_pkgbase", "pkgbase", (recipe) => (recipe.pkgbase === "" ? [] : nameFaults(recipe.pkgbase, "pkgbase"))),
  about("lint_pkgver", "pkgver", (recipe) => versionFaults(scalar(recipe, "pkgver"))),
  about("lint_pkgrel", "pkgrel", (recipe) => releaseFaults(scalar(recipe, "pkgrel"))),
  about("lint_epoch", "epoch", (recipe) => epochFaults(scalar(recipe, "epoch"))),
  relationRule,
];
