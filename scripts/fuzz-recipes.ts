// Feeds generated recipes to the static reader: node scripts/dev.mjs scripts/fuzz-recipes.ts [--count N] [--seed N]. Nothing may crash, hang or grow.
import { parseArgs } from "node:util";
import { readStatically } from "../lib/pkgbuild/static.ts";
import { generator } from "./fuzz-grammar.ts";

export interface FuzzReport {
  readonly inputs: number;
  readonly outcomes: Readonly<Record<string, number>>;
  readonly slowestMs: number;
  readonly slowest: string;
  readonly peakBytes: number;
  readonly crashes: readonly { readonly seed: number; readonly text: string; readonly error: string }[];
}

/** Reads `count` recipes made from `seed`; what is thrown is a bug and comes back as a crash with its input. */
export function fuzzRecipes(count: number, seed: number): FuzzReport {
  const outcomes: Record<string, number> = {};
  const crashes: { seed: number; text: string; error: string }[] = [];
  let [slowestMs, slowest, peakBytes] = [0, "", 0];
  for (let index = 0; index < count; index++) {
    const text = generator(seed + index).recipe();
    const started = performance.now();
    try {
      const found = readStatically(text, { carch: "x86_64", startdir: "/nonexistent", env: {} });
      const outcome = found.how === "stopped" ? found.kind : found.how;
      outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
    } catch (thrown) {
      crashes.push({ seed: seed + index, text, error: thrown instanceof Error ? `${thrown.stack}` : String(thrown) });
    }
    const ms = performance.now() - started;
    if (ms > slowestMs) [slowestMs, slowest] = [ms, text];
    if (index % 500 === 0) peakBytes = Math.max(peakBytes, process.memoryUsage.rss());
  }
  return { inputs: count, outcomes, slowestMs, slowest, peakBytes, crashes };
}

if (import.meta.main) {
  const { values } = parseArgs({ options: { count: { type: "string", default: "100000" }, seed: { type: "string", default: "1" } } });
  const started = performance.now();
  const report = fuzzRecipes(Number(values.count), Number(values.seed));
  console.log(`inputs ${report.inputs}, ${((performance.now() - started) / 1000).toFixed(1)} s`);
  console.log(`outcomes ${JSON.stringify(report.outcomes)}`);
  console.log(
    `slowest ${report.slowestMs.toFixed(1)} ms, peak memory ${(report.peakBytes / 1024 / 1024).toFixed(0)} MiB, crashes ${report.crashes.length}`,
  );
  for (const crash of report.crashes.slice(0, 5)) console.log(`seed ${crash.seed}: ${crash.error}\n${crash.text}\n---`);
  if (report.slowestMs > 1000) console.log(`slowest input:\n${report.slowest.slice(0, 2000)}`);
  process.exitCode = report.crashes.length > 0 || report.slowestMs > 1000 ? 1 : 0;
}
