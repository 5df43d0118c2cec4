// How long a command takes to start, beside git, in one run: hyperfine's medians.
// Usage: bun scripts/bench/startup.ts   (needs hyperfine; builds dist/rbee first)
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { renderTable } from "../../lib/table.ts";
import { removeTree } from "../../lib/tree.ts";
import { build } from "../build.ts";

const rbee = join(import.meta.dir, "../../dist/rbee");
const home = mkdtempSync(join(tmpdir(), "rbee-bench-"));
const env = { ...process.env, RBEE_HOME: home, RBEE_SYSTEM_PREFIX: join(home, "system") };
const GOALS_MS: Readonly<Record<string, number>> = { "rbee --version": 15, "rbee worker list": 40 };

interface Report {
  readonly results: readonly { readonly command: string; readonly median: number; readonly min: number; readonly max: number }[];
}

await build(rbee);
try {
  Bun.spawnSync([rbee, "hive", "start", "--port", "0"], { env });
  const json = join(home, "report.json");
  const commands = [`${rbee} --version`, `${rbee} worker list`, "git --version"];
  Bun.spawnSync(["hyperfine", "-N", "--warmup", "5", "--runs", "50", "--export-json", json, ...commands], {
    env,
    stdout: "ignore",
    stderr: "ignore",
  });
  const { results } = (await Bun.file(json).json()) as Report;
  const git = results.at(-1)!.median;
  const ms = (seconds: number) => (seconds * 1000).toFixed(1);
  const rows = results.map(({ command, median, min, max }) => {
    const name = command.replace(rbee, "rbee");
    return [name, ms(median), ms(min), ms(max), (median / git).toFixed(1), String(GOALS_MS[name] ?? "")];
  });
  console.log(
    renderTable(
      ["COMMAND", "MEDIAN MS", "MIN", "MAX", "TIMES GIT", "GOAL MS"].map((title) => ({ title })),
      rows,
    ),
  );
} finally {
  Bun.spawnSync([rbee, "hive", "stop"], { env });
  removeTree(home);
}
