// A recipe as typed data: every field of PKGBUILD(5), what each package of it sets anew, and where things stand in the file.
import { once, type Position, positionsInFunctions, positionsOf } from "./positions.ts";
import type { Override, Reading, Variable } from "./reading.ts";
import { archArrayFields, arrayFields, type HashAlgorithm, hashAlgorithms, stringFields } from "./schema.ts";

export type Algorithm = Exclude<HashAlgorithm, "ck"> | "cksums";

export interface Checksums {
  readonly algo: Algorithm;
  /** One per source, in the same order; missing ones are "". */
  readonly sums: readonly string[];
}

export interface Recipe extends Reading {
  readonly file: string;
  readonly text: string;
  readonly carch: string;
  readonly pkgbase: string;
  readonly pkgname: readonly string[];
  readonly pkgver: string;
  readonly pkgrel: string;
  readonly epoch?: string;
  readonly pkgdesc: string;
  readonly url: string;
  readonly install?: string;
  readonly changelog?: string;
  readonly arch: readonly string[];
  readonly license: readonly string[];
  readonly groups: readonly string[];
  readonly backup: readonly string[];
  readonly options: readonly string[];
  readonly noextract: readonly string[];
  readonly validpgpkeys: readonly string[];
  /** From here on merged for the architecture: the plain array, then `_CARCH`'s (makepkg's merge_arch_attrs and get_all_sources_for_arch). */
  readonly source: readonly string[];
  readonly checksums: readonly Checksums[];
  readonly depends: readonly string[];
  readonly makedepends: readonly string[];
  readonly checkdepends: readonly string[];
  readonly optdepends: readonly string[];
  readonly provides: readonly string[];
  readonly conflicts: readonly string[];
  readonly replaces: readonly string[];
  readonly packages: readonly Package[];
  /** Where each field and function is set first. */
  readonly positions: Readonly<Record<string, Position>>;
  /** Sources and sums of another architecture. */
  sourceFor(carch: string): readonly string[];
  checksumsFor(carch: string): readonly Checksums[];
}

/** One package of the recipe; `overrides` has what its package function sets anew, by field. */
export interface Package {
  readonly name: string;
  readonly overrides: Readonly<Record<string, readonly string[]>>;
  /** Where its package function sets what. */
  readonly positions: Readonly<Record<string, Position>>;
}

/** Makes the typed recipe from what was read. */
export function recipeOf(reading: Reading, about: { file: string; carch: string; text: string }): Recipe {
  const variables = reading.variables;
  const one = (name: string) => variables.get(name)?.entries.find(([index]) => index === 0)?.[1] ?? "";
  const many = (name: string) => valuesOf(variables.get(name));
  const merged = (name: string, carch = about.carch) => [...many(name), ...many(`${name}_${carch}`)];
  const pkgname = many("pkgname");
  const positions = once(() => positionsOf(about.text));
  const inFunctions = once(() => positionsInFunctions(about.text));
  return {
    ...reading,
    ...about,
    ...{ pkgbase: one("pkgbase") || (pkgname[0] ?? ""), pkgname },
    ...{ pkgver: one("pkgver"), pkgrel: one("pkgrel"), pkgdesc: one("pkgdesc"), url: one("url") },
    ...given("epoch", one("epoch")),
    ...given("install", one("install")),
    ...given("changelog", one("changelog")),
    ...{ arch: many("arch"), license: many("license"), groups: many("groups"), backup: many("backup"), options: many("options") },
    ...{ noextract: many("noextract"), validpgpkeys: many("validpgpkeys") },
    ...{ source: merged("source"), depends: merged("depends"), makedepends: merged("makedepends"), checkdepends: merged("checkdepends") },
    ...{ optdepends: merged("optdepends"), provides: merged("provides"), conflicts: merged("conflicts"), replaces: merged("replaces") },
    checksums: checksumsOf(merged, about.carch),
    packages: pkgname.map((name) => packageOf(reading, name, inFunctions)),
    get positions() {
      return positions();
    },
    sourceFor: (carch) => merged("source", carch),
    checksumsFor: (carch) => checksumsOf(merged, carch),
  };
}

export const valuesOf = (variable: Variable | undefined): string[] => variable?.entries.map(([, value]) => value) ?? [];

const given = <Name extends string>(name: Name, value: string) => (value === "" ? {} : ({ [name]: value } as Record<Name, string>));

/** Every algorithm that has sums for this architecture, each aligned with the sources (makepkg's verify_integrity_sums pairs them by position). */
function checksumsOf(merged: (name: string, carch: string) => string[], carch: string): Checksums[] {
  const aligned = (sums: string[]) => merged("source", carch).map((_, index) => sums[index] ?? "");
  return hashAlgorithms
    .map((name) => ({ algo: name === "ck" ? ("cksums" as const) : name, found: merged(`${name}sums`, carch) }))
    .filter(({ found }) => found.length > 0)
    .map(({ algo, found }) => ({ algo, sums: aligned(found) }));
}

function packageOf({ functions, overrides }: Reading, name: string, inFunctions: () => ReturnType<typeof positionsInFunctions>): Package {
  const own = functions.includes(`package_${name}`) ? `package_${name}` : "package";
  return {
    name,
    overrides: overridesOf(overrides, name),
    get positions() {
      return inFunctions().get(own) ?? {};
    },
  };
}

function overridesOf(overrides: readonly Override[], name: string): Record<string, readonly string[]> {
  const own = overrides.filter((each) => each.packageName === name && formOf(each.field) === each.form);
  return Object.fromEntries(own.map((each) => [each.field, each.values]));
}

/** Whether the schema has this field, with or without an architecture, as an array. */
function formOf(field: string): "string" | "array" | undefined {
  if ((stringFields as readonly string[]).includes(field)) return "string";
  if ((arrayFields as readonly string[]).includes(field)) return "array";
  return (archArrayFields as readonly string[]).includes(field.replace(/_.*/, "")) ? "array" : undefined;
}
