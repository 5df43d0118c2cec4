// rbee pkgbuild lint: every problem of recipes at once, for people, programs and code hosts.
import { fail } from "../lib/errors.ts";
import type { Problem } from "../lib/pkgbuild/lint.ts";
import { oneLine } from "../lib/table.ts";
import { VERSION } from "../lib/version.ts";
import { type Command, type ParsedArgs, usage } from "./argv.ts";
import { Output } from "./output.ts";
import { LOCAL_ARGS, recipeAt } from "./pkgbuild-files.ts";

export const lintCommand: Command = {
  name: "lint",
  summary: "Every problem of recipes at once; exit 6 when one is an error",
  args: {
    dir: {
      type: "positional",
      required: false,
      default: ".",
      valueHint: "DIR...",
      description: "Where the PKGBUILDs are (default: here)",
    },
    sarif: { type: "boolean", description: "SARIF 2.1.0 on stdout, for code hosts" },
    ...LOCAL_ARGS,
  },
  manyWords: "dir",
  examples: ["rbee pkgbuild lint", "rbee pkgbuild lint ./my-worker ./your-worker --sarif > lint.sarif"],
  run: lint,
};

async function lint(args: ParsedArgs): Promise<number> {
  const output = new Output(args.values);
  const { sarif } = args.values;
  if (sarif && output.json) throw usage(["pkgbuild", "lint"], "--json and --sarif cannot both be");
  const { lintFile } = await import("../lib/pkgbuild/lint.ts");
  const problems: Problem[] = [];
  for (const directory of args.lists.dir ?? ["."]) problems.push(...(await lintFile(recipeAt(directory))));
  if (sarif) output.result(await sarifText(problems));
  else if (output.json) output.data({ problems });
  else tell(problems, output);
  return problems.some(isError) ? fail("RECIPE_REFUSED", { file: "", reason: "" }).exitCode : 0;
}

async function sarifText(problems: readonly Problem[]): Promise<string> {
  const { sarifOf } = await import("../lib/pkgbuild/lint/sarif.ts");
  return JSON.stringify(sarifOf(problems, { base: process.cwd(), version: VERSION }), undefined, 2);
}

const isError = ({ severity }: Problem) => severity === "error";

/** One line for each, as compilers write them; a code says itself whether it is makepkg's. */
function tell(problems: readonly Problem[], output: Output): void {
  for (const { file, line, column, code, message } of problems) output.result(`${file}:${line}:${column} ${code} ${oneLine(message)}`);
  const errors = problems.filter(isError).length;
  output.note(problems.length === 0 ? "No problems" : `${count(errors, "error")}, ${count(problems.length - errors, "warning")}`);
}

const count = (number: number, what: string) => `${number} ${what}${number === 1 ? "" : "s"}`;
