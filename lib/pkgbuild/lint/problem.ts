// One problem of a recipe, and how rules make it.
import { type Recipe, valuesOf } from "../recipe.ts";
import type { RuleCode } from "./rules.ts";

export interface Problem {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** Name of the rule; makepkg's are called as its functions are. */
  readonly code: RuleCode;
  readonly message: string;
  readonly severity: "error" | "warning";
}

export type Rule = (recipe: Recipe) => Iterable<Problem>;

/** A problem where `field` (or a function) is set first, in the function of `packageName` if it is given; else at the start of the file. */
export function problem(
  recipe: Recipe,
  code: RuleCode,
  field: string,
  message: string,
  more: { severity?: Problem["severity"]; packageName?: string | undefined } = {},
): Problem {
  const own = recipe.packages.find(({ name }) => name === more.packageName)?.positions[field];
  const place = own ?? recipe.positions[field] ?? { line: 1, column: 1 };
  return { file: recipe.file, ...place, code, message, severity: more.severity ?? "error" };
}

export interface Given {
  readonly field: string;
  readonly value: string;
  /** The package whose function gives it. */
  readonly packageName?: string;
}

/** Every value that one of `fields` gets: globally, then in the package functions (get_pkgbuild_all_split_attributes). */
export function everyValue(recipe: Recipe, fields: readonly string[], form: "string" | "array"): Given[] {
  const global = fields.flatMap((field) => valuesOf(recipe.variables.get(field)).map((value) => ({ field, value })));
  const own = recipe.overrides.filter((each) => each.form === form && fields.includes(each.field));
  return [...global, ...own.flatMap(({ field, values, packageName }) => values.map((value) => ({ field, value, packageName })))];
}
