// How long it takes to install a worker that was built before, beside building it: the whole command, with a hive that runs.
// Usage: bun scripts/bench/build-cache.ts [--runs 7]   (builds dist/rbee first)
import { join } from "node:path";
import { renderTable } from "../../lib/table.ts";
import { formatBytes } from "../../lib/units.ts";
import { build } from "../build.ts";
import { numberFlag, percentile } from "../chaos/dice.ts";

const binary = join(import.meta.dir, "../../dist/rbee");
await build(binary);
process.env.RBEE_UNDER_TEST = binary;
const { makeHome } = await import("../../tests/harness.ts");
const { writeRecipe } = await import("../../tests/recipes.ts");

/** Workers of several sizes: bytes that do not pack well, in many files or few. */
const WORKERS = [
  { id: "small", files: 1, kibibytes: 64 },
  { id: "many-files", files: 3_000, kibibytes: 20 },
  { id: "large", files: 12, kibibytes: 16_384 },
] as const;
const GOAL_MS = 1_000;
const runs = numberFlag("runs", 7);

await using home = makeHome();
home.env.RBEE_CATALOG = join(home.path, "catalog");
for (const { id, files, kibibytes } of WORKERS) {
  const fill = `for i in $(seq ${files}); do head -c ${kibibytes * 1024} /dev/urandom > "$pkgdir/usr/lib/${id}/$i"; done`;
  writeRecipe(home.env.RBEE_CATALOG, id, {
    package: `install -d "$pkgdir/usr/bin" "$pkgdir/usr/lib/${id}"\n  printf '#!/bin/sh\\n' >"$pkgdir/usr/bin/${id}"\n  chmod 755 "$pkgdir/usr/bin/${id}"\n  ${fill}`,
  });
}
await home.rbee(["hive", "start", "--port", "0"]);
const rows: string[][] = [];
for (const { id, files, kibibytes } of WORKERS) {
  const built = await timed(id);
  const times: number[] = [];
  for (let run = 0; run < runs; run++) {
    await home.rbee(["worker", "remove", id]);
    const { ms, said } = await timed(id);
    if (!said.includes("Taken from the build cache")) throw new Error(`${id} was built again:\n${said}`);
    times.push(ms);
  }
  const median = percentile(times, 0.5);
  const ms = (value: number) => value.toFixed(0);
  const size = `${files} x ${formatBytes(kibibytes * 1024)}`;
  rows.push([
    id,
    size,
    ms(built.ms),
    ms(median),
    ms(Math.max(...times)),
    (built.ms / median).toFixed(1),
    id === "small" ? String(GOAL_MS) : "",
  ]);
}
const titles = ["WORKER", "FILES", "BUILT MS", "FROM THE CACHE: MEDIAN MS", "MOST", "TIMES FASTER", "GOAL MS"];
console.log(
  renderTable(
    titles.map((title) => ({ title })),
    rows,
  ),
);

async function timed(id: string): Promise<{ ms: number; said: string }> {
  const from = performance.now();
  const { code, stderr } = await home.rbee(["worker", "download", id, "--yes"]);
  if (code !== 0) throw new Error(stderr);
  return { ms: performance.now() - from, said: stderr };
}
