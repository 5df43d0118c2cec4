// Reads a recipe without running anything: the static half of read.ts.
import { attempt, type Evaluation, evaluate } from "./bash/evaluate.ts";
import { entriesOf, plainText, refuseMark, type Shell, scalar, type Value } from "./bash/shell.ts";
import { recipeDirectory } from "./directory.ts";
import { findOverrides } from "./overrides.ts";
import { makepkgVariables, type Override, type Reading, type Surroundings, type Variable } from "./reading.ts";
import { arrayFields, stringFields } from "./schema.ts";

export type StaticReading =
  | Reading
  | { readonly how: "refused"; readonly reason: string }
  | ({ readonly how: "stopped" } & Exclude<Evaluation, { kind: "read" }>);

const known = new RegExp(`^(?:${["pkgname", ...arrayFields, ...stringFields].join("|")})(?:_\\w+)?$`);

/** The reading of `text`, or where and why it stopped. Looks at nothing but the recipe's directory. */
export function readStatically(text: string, around: Surroundings): StaticReading {
  const variables = {
    ...makepkgVariables(around),
    PWD: around.startdir,
    BUILDFILE: `${around.startdir}/PKGBUILD`,
    BASH_SOURCE: `${around.startdir}/PKGBUILD`,
    IFS: " \t\n",
  };
  const evaluation = evaluate(text, variables, recipeDirectory(around.startdir));
  if (evaluation.kind !== "read") return { how: "stopped", ...evaluation };
  const { shell } = evaluation;
  if (Number.isNaN(shell.status)) return { how: "stopped", kind: "handover", reason: "the exit status of a program", line: 1, column: 1 };
  if (shell.status !== 0) return { how: "refused", reason: "its last command fails, so that makepkg cannot source it" };
  return reported(shell, around);
}

function reported(shell: Shell, around: Surroundings): StaticReading {
  let variables = new Map<string, Variable>();
  let overrides: Override[] = [];
  const stopped = attempt(shell, () => {
    variables = new Map([...shell.globals].filter(([name]) => known.test(name)).map(([name, value]) => [name, variableOf(value)]));
    overrides = findOverrides(
      afterSourcing(shell, around),
      entriesOf(shell.globals.get("pkgname")).map(([, name]) => name),
    );
  });
  if (stopped !== undefined) return { how: "stopped", ...stopped };
  return { how: "static", variables, functions: [...shell.functions.keys()], overrides, printed: { before: "", after: "" }, missing: [] };
}

function variableOf(value: Value): Variable {
  const entries = entriesOf(value).map(([index, text]) => [Number(index), text] as const);
  for (const [, text] of entries) refuseMark(text);
  return { kind: value.kind, entries };
}

/** What makepkg sets between sourcing a recipe and writing .SRCINFO. */
function afterSourcing(shell: Shell, around: Surroundings): Shell {
  const pkgbase = plainText(shell.globals.get("pkgbase")) || (plainText(shell.globals.get("pkgname")) ?? "");
  const builddir = plainText(shell.globals.get("BUILDDIR")) ?? around.startdir;
  shell.globals.set("pkgbase", scalar(pkgbase));
  shell.globals.set("srcdir", scalar(`${builddir}/src`));
  shell.globals.set("pkgdir", scalar(`${builddir}/pkg/${pkgbase}`));
  shell.options.add("extglob");
  return shell;
}
