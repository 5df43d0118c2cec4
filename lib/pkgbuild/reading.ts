// What either way of reading a recipe, static or sourced, has found out: the one shape that recipe.ts builds on.

/** A shell variable; `entries` holds [index, value] in ascending order, a scalar has at most one entry with index 0. */
export interface Variable {
  readonly kind: "scalar" | "array" | "map";
  readonly entries: readonly (readonly [index: number, value: string])[];
}

/**
 * An assignment that makepkg finds in a package function without running it. `values` is what `get_pkgbuild_attribute` gives for
 * that package and field: the global value with every such assignment applied to it.
 */
export interface Override {
  readonly packageName: string;
  /** A field of the schema, with its architecture suffix if it has one. */
  readonly field: string;
  readonly form: "string" | "array";
  readonly values: readonly string[];
}

export interface Reading {
  readonly how: "static" | "sourced";
  readonly variables: ReadonlyMap<string, Variable>;
  readonly functions: readonly string[];
  readonly overrides: readonly Override[];
  /** What the recipe printed while it was read and when the shell ended (at most 64 KiB each): makepkg prints it around .SRCINFO. */
  readonly printed: { readonly before: string; readonly after: string };
  /** Protections that this machine could not give while the recipe was sourced. */
  readonly missing: readonly string[];
}

/** What makepkg has defined by the time it sources a recipe, as far as recipes look at it. */
export interface Surroundings {
  readonly carch: string;
  readonly startdir: string;
  /** Exported variables and settings from makepkg.conf(5): CHOST, PKGEXT, PACKAGER and the like. */
  readonly env: Readonly<Record<string, string>>;
}

/** The variables of makepkg 6.0.2 at the moment of `source_buildfile`; settings in `env` win, as makepkg.conf's do. */
export function makepkgVariables(around: Surroundings): Record<string, string> {
  const { startdir, carch } = around;
  const places = { PKGDEST: startdir, SRCDEST: startdir, SRCPKGDEST: startdir, LOGDEST: startdir, BUILDDIR: startdir };
  const settings = {
    CARCH: carch,
    CHOST: `${carch}-pc-linux-gnu`,
    PKGEXT: ".pkg.tar.zst",
    SRCEXT: ".src.tar.gz",
    PACKAGER: "Unknown Packager",
  };
  const program = { startdir, makepkg_version: "6.0.2", confdir: "/etc", BUILDSCRIPT: "PKGBUILD", LIBRARY: "/usr/share/makepkg" };
  return { ...places, ...settings, ...program, ...around.env, CARCH: carch };
}
