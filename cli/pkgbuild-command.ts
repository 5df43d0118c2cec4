// rbee pkgbuild …: the recipe engine on its own; no hive takes part.
import type { Command } from "./argv.ts";
import { buildCommand } from "./pkgbuild-build.ts";
import { lintCommand } from "./pkgbuild-lint.ts";
import { srcinfoCommand } from "./pkgbuild-srcinfo.ts";

export const pkgbuildCommand: Command = {
  name: "pkgbuild",
  summary: "Recipes: read, check and build a PKGBUILD, without a hive",
  children: [srcinfoCommand, lintCommand, buildCommand],
};
