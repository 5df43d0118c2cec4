// Rules about files that have to lie beside the recipe (lint_pkgbuild/install.sh, changelog.sh).
import { statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { everyValue, type Problem, problem, type Rule } from "./problem.ts";

const beside = (kind: "install" | "changelog"): Rule =>
  function* (recipe): Iterable<Problem> {
    for (const { value, packageName } of everyValue(recipe, [kind], "string"))
      if (value !== "" && !isFile(resolve(dirname(recipe.file), value)))
        yield problem(recipe, `lint_${kind}`, kind, `${kind} file (${value}) does not exist or is not a regular file`, { packageName });
  };

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
}

export const fileRules: readonly Rule[] = [beside("install"), beside("changelog")];
