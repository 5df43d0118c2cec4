// The table of built-in workers in docs/catalog.md, made from the entries.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { arch, platform } from "node:os";
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
    "removed to its end; `node scripts/dev.mjs scripts/verify-catalog.ts ID --model FILE` does that for any entry on any machine and prints its row (`--write`: here as well).",
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

export function builtInEntry(id: string): Entry {
  return Entry.parse(JSON.parse(readFileSync(entryFile(id), "utf8")));
}

/** Adds this machine to where an entry was run; the rest of the file stays as it is. */
export function noteVerified(id: string, machine: string): void {
  const { verified_on: known = [] } = builtInEntry(id);
  const machines = JSON.stringify([...new Set([...known, machine])]).replaceAll('","', '", "');
  const text = readFileSync(entryFile(id), "utf8");
  writeFileSync(entryFile(id), text.replace(/"verified_on": \[[^\]]*\]/, `"verified_on": ${machines}`));
}

/** `linux x86_64 (Debian 12, with a note)`. */
export function thisMachine(note?: string): string {
  const name = platform() === "linux" ? /^PRETTY_NAME="?([^"(\n]*)/m.exec(readFileSync("/etc/os-release", "utf8"))?.[1]?.trim() : undefined;
  const processor = { x64: "x86_64", arm64: "aarch64" }[arch() as string] ?? arch();
  const more = [name?.replace(" GNU/Linux", ""), note].filter(Boolean).join(", ");
  return `${platform() === "darwin" ? "macos" : platform()} ${processor}${more ? ` (${more})` : ""}`;
}

function builtInEntries(): Entry[] {
  const ids = readdirSync(join(root, "hive/catalog"), { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return ids.map(({ name }) => builtInEntry(name)).sort((a, b) => (a.id < b.id ? -1 : 1));
}

function entryFile(id: string): string {
  return join(root, "hive/catalog", id, "entry.json");
}
