// Checks a recipe by makepkg's rules and tells every problem at once (libmakepkg lint_pkgbuild.sh).

import { fieldRules } from "./lint/fields.ts";
import { fileRules } from "./lint/files.ts";
import { nameRules } from "./lint/names.ts";
import type { Problem } from "./lint/problem.ts";
import { shapeRules } from "./lint/shapes.ts";
import type { Recipe } from "./recipe.ts";

export type { Problem } from "./lint/problem.ts";

/** The problems for which makepkg refuses a recipe, in no particular order. */
export function makepkgProblems(recipe: Recipe): Problem[] {
  return [...nameRules, ...fieldRules, ...shapeRules, ...fileRules].flatMap((rule) => [...rule(recipe)]);
}
