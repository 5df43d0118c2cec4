// Checks a recipe by makepkg's rules and by ours, and tells every problem at once (libmakepkg lint_pkgbuild.sh).

import { dirname, join } from "node:path";
import { fail, toRbeeError } from "../errors.ts";
import { entryProblems } from "./lint/entry.ts";
import { fieldRules } from "./lint/fields.ts";
import { fileRules } from "./lint/files.ts";
import { nameRules } from "./lint/names.ts";
import { ourRules, textProblems } from "./lint/ours.ts";
import type { Problem } from "./lint/problem.ts";
import { shapeRules } from "./lint/shapes.ts";
import { readRecipe } from "./read.ts";
import type { Recipe } from "./recipe.ts";

export type { Problem } from "./lint/problem.ts";

/** The problems for which makepkg refuses a recipe, in no particular order. */
export function makepkgProblems(recipe: Recipe): Problem[] {
  return [...nameRules, ...fieldRules, ...shapeRules, ...fileRules].flatMap((rule) => [...rule(recipe)]);
}

/** makepkg checks a recipe before it does anything with it. @throws RECIPE_REFUSED with every problem as data. */
export function refuseAsMakepkg(recipe: Recipe): void {
  const problems = makepkgProblems(recipe);
  if (problems.length === 0) return;
  const tail = problems.map(({ line, column, code, message }) => `${recipe.file}:${line}:${column} ${code} ${message}`);
  const reason = problems.length === 1 ? problems[0]!.message : `it has ${problems.length} errors`;
  throw fail("RECIPE_REFUSED", { file: recipe.file, reason }, { data: { tail, problems } });
}

/** Every problem of a recipe that was read, makepkg's and ours, in the order of the file. */
export function lintRecipe(recipe: Recipe): Problem[] {
  const ours = [...ourRules.flatMap((rule) => [...rule(recipe)]), ...textProblems(recipe)];
  return [...makepkgProblems(recipe), ...ours].sort((a, b) => a.line - b.line || a.column - b.column);
}

export interface LintOptions {
  readonly signal?: AbortSignal;
}

/**
 * Every problem of the PKGBUILD `file` and of the entry.json beside it. A recipe that cannot be read at all has that as its one problem.
 * Throws FILE_NOT_FOUND, CANCELLED.
 */
export async function lintFile(file: string, options: LintOptions = {}): Promise<Problem[]> {
  const beside = await entryProblems(join(dirname(file), "entry.json"));
  const recipe = await readRecipe(file, options).catch((thrown: unknown) => unreadable(file, thrown));
  return [...("message" in recipe ? [recipe] : lintRecipe(recipe)), ...beside];
}

/** A reading's refusal as a problem; other errors are not the recipe's. */
function unreadable(file: string, thrown: unknown): Problem {
  const error = toRbeeError(thrown);
  if (error.code !== "RECIPE_INVALID" && error.code !== "RECIPE_REFUSED") throw thrown;
  const { line = 1, column = 1, reason = error.message } = (error.data ?? {}) as { line?: number; column?: number; reason?: string };
  return { file, line, column, code: error.code === "RECIPE_INVALID" ? "syntax" : "unreadable", message: reason, severity: "error" };
}
