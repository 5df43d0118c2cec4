// The parts of a recipe that brings the nasty program along: builds see nothing of the machine but their own directories.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../../tests/harness.ts";

export const withNasty = {
  more: "source=(nasty.sh)\nsha256sums=(SKIP)",
  files: { "nasty.sh": readFileSync(join(root, "tests/fixtures/programs/nasty.sh"), "utf8") },
} as const;
