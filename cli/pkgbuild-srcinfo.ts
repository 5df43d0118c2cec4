// rbee pkgbuild srcinfo: a recipe's .SRCINFO, byte for byte what makepkg --printsrcinfo prints.
import { type Command, type ParsedArgs, usage } from "./argv.ts";
import { Output } from "./output.ts";
import { LOCAL_ARGS, recipeAt } from "./pkgbuild-files.ts";

const WAYS = ["auto", "static", "sourced"] as const;

export const srcinfoCommand: Command = {
  name: "srcinfo",
  summary: "What makepkg --printsrcinfo prints, without makepkg",
  args: {
    dir: { type: "positional", required: false, default: ".", valueHint: "DIR", description: "Where the PKGBUILD is (default: here)" },
    how: {
      type: "string",
      valueHint: WAYS.join("|"),
      description: "static runs nothing, sourced lets bash read it in a locked room (default: auto)",
    },
    ...LOCAL_ARGS,
  },
  examples: ["rbee pkgbuild srcinfo > .SRCINFO", "rbee pkgbuild srcinfo ./my-worker --json"],
  run: printSrcinfo,
};

async function printSrcinfo(args: ParsedArgs): Promise<number> {
  const output = new Output(args.values);
  const how = WAYS.find((way) => way === (args.values.how ?? "auto"));
  if (!how) throw usage(["pkgbuild", "srcinfo"], `"${String(args.values.how)}" is not one of ${WAYS.join(", ")}`);
  const { readRecipe } = await import("../lib/pkgbuild/read.ts");
  const recipe = await readRecipe(recipeAt(String(args.values.dir)), { how });
  if (recipe.missing.length > 0) output.warn(`The recipe was read without: ${recipe.missing.join(", ")}`);
  const { refuseAsMakepkg } = await import("../lib/pkgbuild/lint.ts");
  refuseAsMakepkg(recipe);
  const { srcinfoData, writeSrcinfo } = await import("../lib/pkgbuild/srcinfo.ts");
  const { before, after } = recipe.printed;
  if (output.json)
    output.data({ ...srcinfoData(recipe), file: recipe.file, how: recipe.how, printed: recipe.printed, missing: recipe.missing });
  else output.piece(before + writeSrcinfo(recipe) + after);
  return 0;
}
