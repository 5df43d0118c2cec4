// Writes a recipe as .SRCINFO, byte for byte as `makepkg --printsrcinfo` does (libmakepkg srcinfo.sh).
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

function globalSection(recipe: Recipe): string {
  const array = (field: string) => valuesOf(recipe.variables.get(field));
  const string = (field: string) =>
    array(field)
      .slice(0, 1)
      .filter((value) => value !== "");
  const lines = [
    ...globalStrings.flatMap((field) => attribute(field, string(field))),
    ...globalArrays.flatMap((field) => attribute(field, array(field))),
    ...architectureFields(recipe.arch).flatMap((field) => attribute(field, array(field))),
  ];
  return `pkgbase = ${recipe.pkgbase}\n${lines.join("")}`;
}

function packageSection(recipe: Recipe, name: string): string {
  const find = (field: string, form: "string" | "array") =>
    recipe.overrides.find((each) => each.packageName === name && each.field === field && each.form === form)?.values;
  const own = (field: string, form: "string" | "array") => {
    const values = find(field, form);
    return values === undefined ? [] : attribute(field, values.length === 0 ? [""] : values);
  };
  const lines = [
    ...packageStrings.flatMap((field) => own(field, "string")),
    ...packageArrays.flatMap((field) => own(field, "array")),
    ...architectureFields(find("arch", "array") ?? recipe.arch).flatMap((field) => own(field, "array")),
  ];
  return `pkgname = ${name}\n${lines.join("")}`;
}

const architectureFields = (arch: readonly string[]) =>
  arch.filter((name) => name !== "any").flatMap((name) => architectureArrays.map((field) => `${field}_${name}`));

const attribute = (field: string, values: readonly string[]) => values.map((value) => `\t${field} = ${normalized(value)}\n`);

/** Runs of white space become one space, and one at either end goes (srcinfo_write_attr). */
const normalized = (value: string) =>
  value
    .replace(/[\s\u0085]+/g, " ")
    .replace(/^ /, "")
    .replace(/ $/, "");
