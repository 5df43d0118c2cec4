// The table of built-in workers in docs/catalog.md, made from the entries.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Entry } from "../lib/contract/entry.ts";

const root = join(import.meta.dir, "..");
const PAGE = join(root, "docs/catalog.md");

/** The whole page, as it has to be. */
export function catalogPage(): string {
  const rows = builtInEntries().map(({ id, implementation, version, build_system, platforms, architectures, verified_on }) => {
    const where = verified_on?.length ? verified_on.join(", ") : "not run";
    return `| \`${id}\` | ${implementation} ${version} | ${build_system} | ${platforms.join(", ")} on ${architectures.join(", ")} | ${where} |`;
  });
  return [
    "# The built-in catalog",
    "",
    "Made by `node scripts/dev.mjs scripts/verify-catalog.ts`; a test fails when it is stale. *Run on* says where a recipe was built, started, asked and",
    "removed to its end; `node scripts/dev.mjs scripts/verify-catalog.ts ID --model FILE` does that for any entry on any machine and prints its row.",
    "How to write an entry: [writing-a-recipe.md](writing-a-recipe.md).",
    "",
    "| id | engine | built with | made for | run on |",
    "|---|---|---|---|---|",
    ...rows,
    "",
  ].join("\n");
}

export function writeCatalogPage(): void {
  writeFileSync(PAGE, catalogPage());
}

function builtInEntries(): Entry[] {
  const catalog = join(root, "hive/catalog");
  const ids = readdirSync(catalog, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return ids
    .map(({ name }) => Entry.parse(JSON.parse(readFileSync(join(catalog, name, "entry.json"), "utf8"))))
    .sort((a, b) => (a.id < b.id ? -1 : 1));
}
