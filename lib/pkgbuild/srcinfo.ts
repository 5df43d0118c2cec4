// Writes a recipe as .SRCINFO, byte for byte as `makepkg --printsrcinfo` does (libmakepkg srcinfo.sh).
import type { Position } from "./positions.ts";
import { type Recipe, valuesOf } from "./recipe.ts";
import { checksumFields } from "./schema.ts";

const globalStrings = ["pkgdesc", "pkgver", "pkgrel", "epoch", "url", "install", "changelog"];
const globalArrays = [
  ...["arch", "groups", "license", "checkdepends", "makedepends", "depends", "optdepends", "provides", "conflicts", "replaces"],
  ...["noextract", "options", "backup", "source", "validpgpkeys"],
  ...checksumFields,
];
const packageStrings = ["pkgdesc", "url", "install", "changelog"];
const packageArrays = [
  ...["arch", "groups", "license", "checkdepends", "depends", "optdepends", "provides", "conflicts", "replaces", "options", "backup"],
];
const architectureArrays = [
  ...["source", "provides", "conflicts", "depends", "replaces", "optdepends", "makedepends", "checkdepends"],
  ...checksumFields,
];

/** The text of .SRCINFO without the two comment lines that only `makepkg --source` writes. */
export function writeSrcinfo(recipe: Recipe): string {
  const sections = [globalSection(recipe), ...recipe.pkgname.map((name) => packageSection(recipe, name))];
  return sections.join("\n");
}

/** The same as data: each attribute with its values and where it is set. */
export interface SrcinfoData {
  readonly pkgbase: SrcinfoSection;
  readonly packages: readonly SrcinfoSection[];
}

export interface SrcinfoSection {
  readonly name: string;
  readonly attributes: readonly { readonly field: string; readonly values: readonly string[]; readonly at?: Position }[];
}

/** What `writeSrcinfo` writes, with positions; a package's are those in its own function. */
export function srcinfoData(recipe: Recipe): SrcinfoData {
  const section = (name: string, attributes: readonly Attribute[], places: Readonly<Record<string, Position>>): SrcinfoSection => ({
    name,
    attributes: attributes.map(([field, values]) => {
      const at = places[field];
      return { field, values: values.map(normalized), ...(at === undefined ? {} : { at }) };
    }),
  });
  return {
    pkgbase: section(recipe.pkgbase, globalAttributes(recipe), recipe.positions),
    packages: recipe.packages.map(({ name, positions }) => section(name, packageAttributes(recipe, name), positions)),
  };
}

type Attribute = readonly [field: string, values: readonly string[]];

const globalSection = (recipe: Recipe) => `pkgbase = ${recipe.pkgbase}\n${linesOf(globalAttributes(recipe))}`;

const packageSection = (recipe: Recipe, name: string) => `pkgname = ${name}\n${linesOf(packageAttributes(recipe, name))}`;

const linesOf = (attributes: readonly Attribute[]) =>
  attributes.flatMap(([field, values]) => values.map((value) => `\t${field} = ${normalized(value)}\n`)).join("");

function globalAttributes(recipe: Recipe): Attribute[] {
  const array = (field: string) => valuesOf(recipe.variables.get(field));
  const string = (field: string) =>
    array(field)
      .slice(0, 1)
      .filter((value) => value !== "");
  const all = [
    ...globalStrings.map((field): Attribute => [field, string(field)]),
    ...globalArrays.map((field): Attribute => [field, array(field)]),
    ...architectureFields(recipe.arch).map((field): Attribute => [field, array(field)]),
  ];
  return all.filter(([, values]) => values.length > 0);
}

/** Only what the package function sets; a list that it empties is written as one empty value. */
function packageAttributes(recipe: Recipe, name: string): Attribute[] {
  const find = (field: string, form: "string" | "array") =>
    recipe.overrides.find((each) => each.packageName === name && each.field === field && each.form === form)?.values;
  const own = (field: string, form: "string" | "array"): Attribute[] => {
    const values = find(field, form);
    return values === undefined ? [] : [[field, values.length === 0 ? [""] : values]];
  };
  return [
    ...packageStrings.flatMap((field) => own(field, "string")),
    ...packageArrays.flatMap((field) => own(field, "array")),
    ...architectureFields(find("arch", "array") ?? recipe.arch).flatMap((field) => own(field, "array")),
  ];
}

const architectureFields = (arch: readonly string[]) =>
  arch.filter((name) => name !== "any").flatMap((name) => architectureArrays.map((field) => `${field}_${name}`));

/** Runs of white space become one space, and one at either end goes (srcinfo_write_attr). */
const normalized = (value: string) =>
  value
    .replace(/[\s\u0085]+/g, " ")
    .replace(/^ /, "")
    .replace(/ $/, "");
