// Rules about what fields may hold (lint_pkgbuild/arch.sh, backup.sh, options.sh, source.sh, package_function.sh).
import type { Recipe } from "../recipe.ts";
import { everyValue, type Problem, problem, type Rule } from "./problem.ts";

/** Options of makepkg 6.0.2 (tidy/*.sh and buildenv/*.sh). */
const knownOptions = [
  ...["strip", "debug", "docs", "emptydirs", "libtool", "purge", "staticlibs", "zipman"],
  ...["buildflags", "ccache", "distcc", "lto", "makeflags"],
];

function* architectures(recipe: Recipe): Iterable<Problem> {
  if (recipe.arch.includes("any")) {
    if (recipe.arch.length > 1) yield problem(recipe, "lint_arch", "arch", "Can not use 'any' architecture with other architectures");
    return;
  }
  for (const name of recipe.arch) {
    const invalid = name.replace(/[A-Za-z0-9]/g, "");
    if (/[^A-Za-z0-9_]/.test(name)) yield problem(recipe, "lint_arch", "arch", `arch contains invalid characters: '${invalid}'`);
  }
}

function* backups(recipe: Recipe): Iterable<Problem> {
  for (const { value, packageName } of everyValue(recipe, ["backup"], "array"))
    if (value.startsWith("/"))
      yield problem(recipe, "lint_backup", "backup", `backup entry should not contain leading slash : ${value}`, { packageName });
}

function* options(recipe: Recipe): Iterable<Problem> {
  for (const { value, packageName } of everyValue(recipe, ["options"], "array"))
    if (!knownOptions.includes(value.replace(/^!/, "")))
      yield problem(recipe, "lint_options", "options", `options array contains unknown option '${value}'`, { packageName });
}

function* sources(recipe: Recipe): Iterable<Problem> {
  const entries = recipe.variables.get("source")?.entries ?? [];
  const last = entries.at(-1)?.[0] ?? -1;
  if (entries.length > 0 && last + 1 !== entries.length)
    yield problem(recipe, "lint_source", "source", "Sparse arrays are not allowed for source");
}

function* functions(recipe: Recipe): Iterable<Problem> {
  const has = (name: string) => recipe.functions.includes(name);
  const found = (name: string, message: string) => problem(recipe, "lint_package_function", name, message);
  const [first = ""] = recipe.pkgname;
  if (recipe.pkgname.length === 1) {
    if (has("package") && has(`package_${first}`)) yield found("package", `Conflicting package() and package_${first}() functions`);
    else if (has("build") && !has("package") && !has(`package_${first}`)) yield found("build", "Missing package() function");
    return;
  }
  if (has("package")) yield found("package", `Extra package() function for split package '${recipe.pkgbase}'`);
  for (const name of recipe.pkgname)
    if (!has(`package_${name}`)) yield found("pkgname", `Missing package_${name}() function for split package '${name}'`);
}

export const fieldRules: readonly Rule[] = [architectures, backups, options, sources, functions];
