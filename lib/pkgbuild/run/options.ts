// options=() and OPTIONS: what a recipe wants done to its build and its package. The last word wins, the recipe's after the machine's.
import { fail } from "../../errors.ts";

/** Every option that makepkg knows. Source: PKGBUILD(5), libmakepkg's packaging_options and build_options. */
const KNOWN = [
  "strip",
  "docs",
  "libtool",
  "staticlibs",
  "emptydirs",
  "zipman",
  "purge",
  "debug",
  "lto",
  "buildflags",
  "makeflags",
  "ccache",
];

/**
 * Nothing is ignored silently. @throws RECIPE_REFUSED for an option that nobody knows, for `distcc`, and for `debug` together with `strip`,
 * which would need a second package of symbols that rbee does not make.
 */
export function checkOptions(recipeOptions: readonly string[], machineOptions: readonly string[]): void {
  const all = [...machineOptions, ...recipeOptions];
  for (const option of recipeOptions) {
    const name = option.replace(/^!/, "");
    if (option === "distcc") throw refused("distcc: rbee builds on this machine only");
    if (!KNOWN.includes(name) && option !== "!distcc") throw refused(`unknown option "${option}"`);
  }
  if (isOn(all, "debug") && isOn(all, "strip"))
    throw refused("debug: packages of debug symbols are not made (add !strip to keep the symbols)");
}

/** Source: in_opt_array of libmakepkg/util/option.sh. */
export function isOn(options: readonly string[], name: string): boolean {
  return options.findLast((option) => option === name || option === `!${name}`) === name;
}

function refused(reason: string) {
  return fail("RECIPE_REFUSED", { file: "PKGBUILD", reason: `options: ${reason}` });
}
