// The generated tables of docs/recipes.md: what makepkg and rbee make of our own recipes, and the rules of lint.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { ruleTexts } from "../lib/pkgbuild/lint/rules.ts";
import { readRecipe } from "../lib/pkgbuild/read.ts";
import { writeSrcinfo } from "../lib/pkgbuild/srcinfo.ts";

const fixtures = join(import.meta.dir, "../tests/fixtures/recipes");

/** A row for each recipe of the tests: its feature, the lines that makepkg printed for it, and how rbee came to the same. */
export async function describeFeatures(): Promise<string> {
  const rows: string[] = [];
  for (const name of readdirSync(fixtures).sort()) rows.push(await featureRow(name));
  return ["| feature of PKGBUILD | recipe | makepkg | rbee |", "|---|---|---|---|", ...rows].join("\n");
}

async function featureRow(name: string): Promise<string> {
  const file = join(fixtures, name, "PKGBUILD");
  const [title = ""] = readFileSync(file, "utf8").split("\n");
  const expected = readFileSync(join(fixtures, name, ".SRCINFO"), "utf8");
  const recipe = await readRecipe(file, { carch: "x86_64" });
  const same = recipe.printed.before + writeSrcinfo(recipe) + recipe.printed.after === expected;
  const way = recipe.how === "static" ? "the same, nothing run" : "the same, by bash in its room";
  return `| ${title.slice(2).replaceAll("|", "\\|")} | \`${name}\` | ${expected.split("\n").length - 1} lines | ${same ? way : "different"} |`;
}

/** A row for each rule: what is right, and whose rule it is. */
export function describeRules(): string {
  const rows = Object.entries(ruleTexts).map(([code, text]) => `| \`${code}\` | ${text.replaceAll("|", "\\|")} | ${originOf(code)} |`);
  return ["| code | what is right | whose rule |", "|---|---|---|", ...rows].join("\n");
}

const originOf = (code: string) =>
  /^(?:lint|check|warn)_/.test(code) ? "makepkg's" : code === "syntax" || code === "unreadable" ? "both" : "rbee's";
