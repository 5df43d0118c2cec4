// One problem of a recipe, and how rules make it.
import type { Recipe } from "../recipe.ts";

export interface Problem {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** Name of the rule; makepkg's are called as its functions are. */
  readonly code: string;
  readonly message: string;
  readonly severity: "error" | "warning";
}

export type Rule = (recipe: Recipe) => Iterable<Problem>;

/** A problem where `field` (or a function) is set first, else at the start of the file. */
export function problem(recipe: Recipe, code: string, field: string, message: string, severity: Problem["severity"] = "error"): Problem {
  const place = recipe.positions[field] ?? { line: 1, column: 1 };
  return { file: recipe.file, ...place, code, message, severity };
}
