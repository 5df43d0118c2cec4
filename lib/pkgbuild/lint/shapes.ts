// Rules about which variables may be arrays, carry an architecture or stand in a package function (lint_pkgbuild/variable.sh,
// arch_specific.sh, package_function_variable.sh).
import type { Recipe } from "../recipe.ts";
import { archArrayFields, arrayFields, overridableFields, stringFields } from "../schema.ts";
import { type Problem, problem, type Rule } from "./problem.ts";

const schema: readonly string[] = [...arrayFields, ...stringFields];
const perArchitecture: readonly string[] = archArrayFields;
const words = (values: readonly string[]) => values.flatMap((value) => value.split(/[ \t\n]+/)).filter((value) => value !== "");

function* kinds(recipe: Recipe): Iterable<Problem> {
  const code = "lint_variable";
  const kind = (name: string) => recipe.variables.get(name)?.kind ?? "unset";
  const architectures = words(recipe.arch).filter((name) => name !== "any");
  const arrays = [...arrayFields, ...architectures.flatMap((name) => perArchitecture.map((field) => `${field}_${name}`))];
  for (const name of arrays) if (!["unset", "array"].includes(kind(name))) yield problem(recipe, code, name, `${name} should be an array`);
  for (const name of stringFields) if (kind(name) === "array") yield problem(recipe, code, name, `${name} should not be an array`);
  for (const { field, form, packageName } of recipe.overrides) {
    if (form === "string" && arrays.includes(field)) yield problem(recipe, code, field, `${field} should be an array`, { packageName });
    if (form === "array" && (stringFields as readonly string[]).includes(field))
      yield problem(recipe, code, field, `${field} should not be an array`, { packageName });
  }
}

function* architectureSpecific(recipe: Recipe): Iterable<Problem> {
  const code = "lint_arch_specific";
  const names = new Set([...recipe.variables.keys(), ...recipe.overrides.map((each) => each.field)]);
  for (const architecture of words(recipe.arch)) {
    for (const field of schema) {
      const name = `${field}_${architecture}`;
      if (!names.has(name)) continue;
      if (!perArchitecture.includes(field)) yield problem(recipe, code, name, `${field} can not be architecture specific: ${name}`);
      else if (architecture === "any")
        yield problem(recipe, code, name, `Can not provide architecture specific variables for the 'any' architecture: ${name}`);
    }
  }
}

function* inPackageFunctions(recipe: Recipe): Iterable<Problem> {
  const architectures = words(recipe.arch).filter((name) => name !== "any");
  const forbidden = schema.filter((field) => !overridableFields.includes(field));
  const names = new Set(forbidden.flatMap((field) => [field, ...architectures.map((name) => `${field}_${name}`)]));
  for (const { field, packageName } of recipe.overrides)
    if (names.has(field))
      yield problem(recipe, "lint_package_function_variable", field, `${field} can not be set inside a package function`, { packageName });
}

export const shapeRules: readonly Rule[] = [kinds, architectureSpecific, inPackageFunctions];
