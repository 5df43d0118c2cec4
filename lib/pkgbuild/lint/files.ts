// Rules about files that have to lie beside the recipe (lint_pkgbuild/install.sh, changelog.sh).
import { statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { type Recipe, valuesOf } from "../recipe.ts";
import { type Problem, problem, type Rule } from "./problem.ts";

const beside = (kind: "install" | "changelog"): Rule =>
  function* (recipe): Iterable<Problem> {
    for (const file of named(recipe, kind))
      if (!isFile(resolve(dirname(recipe.file), file)))
        yield problem(recipe, `lint_${kind}`, kind, `${kind} file (${file}) does not exist or is not a regular file`);
  };

function named(recipe: Recipe, kind: string): string[] {
  const own = recipe.overrides.filter((each) => each.field === kind && each.form === "string").flatMap((each) => each.values);
  return [...valuesOf(recipe.variables.get(kind)), ...own].filter((file) => file !== "");
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
}

export const fileRules: readonly Rule[] = [beside("install"), beside("changelog")];
