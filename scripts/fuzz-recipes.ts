// Feeds generated recipes to the static reader: node scripts/dev.mjs scripts/fuzz-recipes.ts [--count N] [--seed N] [--compare].
// Nothing may crash, hang or grow; with --compare, what is read statically is read by bash as well and has to be the same.
import { lstatSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { RbeeError } from "../lib/errors.ts";
import { readRecipe } from "../lib/pkgbuild/read.ts";
import { writeSrcinfo } from "../lib/pkgbuild/srcinfo.ts";
import { readStatically } from "../lib/pkgbuild/static.ts";
import { listProcesses } from "../lib/process/table.ts";
import { walkAll } from "../lib/tree.ts";
import { temporaryDirectory } from "../tests/harness.ts";
import { generator } from "./fuzz-grammar.ts";

export interface FuzzReport {
  readonly inputs: number;
  readonly outcomes: Readonly<Record<string, number>>;
  /** Processor time: the wall clock would show what else the machine had to do. */
  readonly slowestMs: number;
  readonly slowest: string;
  readonly peakBytes: number;
  /** Files beside the recipe that were changed, made or removed, and processes that are left. */
  readonly traces: readonly string[];
  readonly crashes: readonly { readonly seed: number; readonly text: string; readonly error: string }[];
}

/** Reads `count` recipes made from `seed`; what is thrown is a bug and comes back as a crash with its input. */
export function fuzzRecipes(count: number, seed: number): FuzzReport {
  const outcomes: Record<string, number> = {};
  const crashes: { seed: number; text: string; error: string }[] = [];
  let [slowestMs, slowest, peakBytes] = [0, "", 0];
  using directory = temporaryDirectory("rbee-fuzz");
  for (const name of ["PKGBUILD", "foo", "a b", "x=y"]) writeFileSync(join(directory.path, name), `${name}=1\n`);
  const before = filesIn(directory.path);
  for (let index = 0; index < count; index++) {
    const text = generator(seed + index).recipe();
    const started = processorMs();
    try {
      const found = readStatically(text, { carch: "x86_64", startdir: directory.path, env: {} });
      const outcome = found.how === "stopped" ? found.kind : found.how;
      outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
    } catch (thrown) {
      crashes.push({ seed: seed + index, text, error: thrown instanceof Error ? `${thrown.stack}` : String(thrown) });
    }
    const ms = processorMs() - started;
    if (ms > slowestMs) [slowestMs, slowest] = [ms, text];
    if (index % 500 === 0) peakBytes = Math.max(peakBytes, process.memoryUsage.rss());
  }
  const after = filesIn(directory.path);
  const touched = [...new Set([...before, ...after])].filter((line) => !(before.includes(line) && after.includes(line)));
  return { inputs: count, outcomes, slowestMs, slowest, peakBytes, traces: [...touched, ...childProcesses()], crashes };
}

function processorMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** One line for each file: name, size, time of its last change. */
function filesIn(directory: string): string[] {
  return [...walkAll(directory)].map((path) => {
    const { size, mtimeMs, ctimeMs } = lstatSync(path);
    return `${path} ${size} ${mtimeMs} ${ctimeMs}`;
  });
}

function childProcesses(): string[] {
  return listProcesses()
    .filter(({ ppid }) => ppid === process.pid)
    .map(({ pid, command }) => `process ${pid} ${command}`);
}

interface Comparison {
  /** Recipes that were read both ways. */
  readonly compared: number;
  readonly different: readonly { readonly seed: number; readonly text: string; readonly note: string }[];
}

/** Reads generated recipes statically and, where that gives an answer, by bash as well: the two have to agree. */
async function compareWays(count: number, seed: number): Promise<Comparison> {
  using directory = temporaryDirectory("rbee-fuzz");
  const file = join(directory.path, "PKGBUILD");
  const around = { carch: "x86_64", startdir: directory.path, env: {} };
  let compared = 0;
  const different: { seed: number; text: string; note: string }[] = [];
  for (let index = 0; index < count; index++) {
    const text = generator(seed + index).grown((recipe) => readStatically(recipe, around).how === "static");
    await Bun.write(file, text);
    const found = await answer(file, "static");
    if (found === undefined) continue;
    compared++;
    const other = await answer(file, "sourced");
    if (found !== other) different.push({ seed: seed + index, text, note: `static:\n${found}\nbash:\n${other}` });
  }
  return { compared, different };
}

/** The reading as text; nothing where this way gives none. */
async function answer(file: string, how: "static" | "sourced"): Promise<string | undefined> {
  try {
    const recipe = await readRecipe(file, { how, carch: "x86_64" });
    const { before, after } = recipe.printed;
    return [before + writeSrcinfo(recipe) + after, ...recipe.functions.toSorted()].join("\n");
  } catch (thrown) {
    if (!(thrown instanceof RbeeError)) throw thrown;
    return undefined;
  }
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      count: { type: "string", default: "100000" },
      seed: { type: "string", default: "1" },
      compare: { type: "boolean", default: false },
    },
  });
  const [count, seed] = [Number(values.count), Number(values.seed)];
  const started = performance.now();
  const took = () => `${((performance.now() - started) / 1000).toFixed(1)} s`;
  if (values.compare) {
    const { compared, different } = await compareWays(count, seed);
    console.log(`inputs ${count}, read both ways ${compared}, different ${different.length}, ${took()}`);
    for (const each of different.slice(0, 50)) console.log(`seed ${each.seed}:\n${each.text}\n${each.note}\n---`);
    return different.length > 0 ? 1 : 0;
  }
  const report = fuzzRecipes(count, seed);
  console.log(`inputs ${report.inputs}, ${took()}`);
  console.log(`outcomes ${JSON.stringify(report.outcomes)}`);
  console.log(
    `slowest ${report.slowestMs.toFixed(1)} ms, peak memory ${(report.peakBytes / 1024 / 1024).toFixed(0)} MiB, crashes ${report.crashes.length}, traces ${report.traces.length}`,
  );
  for (const trace of report.traces) console.log(`left: ${trace}`);
  for (const crash of report.crashes.slice(0, 5)) console.log(`seed ${crash.seed}: ${crash.error}\n${crash.text}\n---`);
  if (report.slowestMs > 1000) console.log(`slowest input:\n${report.slowest.slice(0, 2000)}`);
  const isFine = report.crashes.length + report.traces.length === 0 && report.slowestMs <= 1000 && report.peakBytes <= 200 * 1024 * 1024;
  return isFine ? 0 : 1;
}

if (import.meta.main) process.exitCode = await main();
