// Checks a recipe by makepkg's rules and by ours, and tells every problem at once (libmakepkg lint_pkgbuild.sh).

import { fieldRules } from "./lint/fields.ts";
import { fileRules } from "./lint/files.ts";
import { nameRules } from "./lint/names.ts";
import { ourRules, textProblems } from "./lint/ours.ts";
import type { Problem } from "./lint/problem.ts";
import { shapeRules } from "./lint/shapes.ts";
import type { Recipe } from "./recipe.ts";

export type { Problem } from "./lint/problem.ts";

/** The problems for which makepkg refuses a recipe, in no particular order. */
export function makepkgProblems(recipe: Recipe): Problem[] {
  return [...nameRules, ...fieldRules, ...shapeRules, ...fileRules].flatMap((rule) => [...rule(recipe)]);
}

/** Every problem at once, makepkg's and ours, in the order of the file; `text` is what the recipe was read from. */
export function lintRecipe(recipe: Recipe, text: string): Problem[] {
  const ours = [...ourRules.flatMap((rule) => [...rule(recipe)]), ...textProblems(recipe, text)];
  return [...makepkgProblems(recipe), ...ours].sort((a, b) => a.line - b.line || a.column - b.column);
}
