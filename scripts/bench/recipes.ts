// Compares how rbee and makepkg read recipes: node scripts/dev.mjs scripts/bench/recipes.ts [--limit N] [--cache DIR] [--env NAME=VALUE] DIR…
import { mkdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { makepkgProblems } from "../../lib/pkgbuild/lint.ts";
import { readRecipe } from "../../lib/pkgbuild/read.ts";
import { writeSrcinfo } from "../../lib/pkgbuild/srcinfo.ts";
import { type Answer, askMakepkg, type MakepkgOptions, rememberedAnswer } from "./makepkg.ts";
import { recipeDirs } from "./recipe-dirs.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    limit: { type: "string" },
    cache: { type: "string", default: join(tmpdir(), "rbee-makepkg-answers") },
    env: { type: "string", multiple: true, default: [] },
    user: { type: "string", default: "nobody" },
    /** Compare only recipes that makepkg has already answered for. */
    remembered: { type: "boolean", default: false },
  },
});

const env = Object.fromEntries(values.env.map((pair) => [pair.slice(0, pair.indexOf("=")), pair.slice(pair.indexOf("=") + 1)]));
const options: MakepkgOptions = { cache: resolve(values.cache), env, user: values.user };
mkdirSync(options.cache, { recursive: true });

interface Row {
  readonly dir: string;
  readonly verdict: "identical" | "refused by both" | "only makepkg refuses" | "only rbee refuses" | "different";
  readonly how: "static" | "sourced" | "refused";
  readonly ms: number;
  readonly makepkgMs: number;
  readonly note: string;
}

interface Ours {
  readonly text?: string;
  readonly note: string;
  readonly how: Row["how"];
  readonly ms: number;
}

/** Our answer: the text of .SRCINFO, or why it is refused. */
async function ours(dir: string): Promise<Ours> {
  const started = performance.now();
  const file = join(dir, "PKGBUILD");
  try {
    const recipe = await readRecipe(file, { carch: "x86_64", env: { CHOST: "x86_64-linux-gnu", ...env } });
    const problems = makepkgProblems(recipe);
    const text = recipe.printed.before + writeSrcinfo(recipe) + recipe.printed.after;
    const ms = performance.now() - started;
    if (problems.length > 0) return { note: problems.map((each) => each.message).join("; "), how: recipe.how, ms };
    return { text, note: "", how: recipe.how, ms };
  } catch (thrown) {
    return { note: thrown instanceof Error ? thrown.message : String(thrown), how: "refused", ms: performance.now() - started };
  }
}

function compare(dir: string, mine: Ours, theirs: Answer): Row {
  const base = { dir, how: mine.how, ms: mine.ms, makepkgMs: theirs.ms, note: mine.note };
  const refused = theirs.code !== 0;
  if (mine.text === undefined) return { ...base, verdict: refused ? "refused by both" : "only rbee refuses" };
  if (refused) return { ...base, verdict: "only makepkg refuses", note: theirs.stderr.slice(0, 300) };
  if (mine.text === theirs.stdout) return { ...base, verdict: "identical" };
  return { ...base, verdict: "different", note: firstDifference(mine.text, theirs.stdout) };
}

function firstDifference(mine: string, theirs: string): string {
  const [a, b] = [mine.split("\n"), theirs.split("\n")];
  const at = a.findIndex((line, index) => line !== b[index]);
  return at === -1 ? `makepkg goes on: ${b[a.length]}` : `rbee ${JSON.stringify(a[at])}, makepkg ${JSON.stringify(b[at])}`;
}

const rank = (numbers: readonly number[], share: number) =>
  numbers.toSorted((a, b) => a - b)[Math.min(numbers.length - 1, Math.floor(numbers.length * share))] ?? 0;

function show(rows: readonly Row[], totalMs: number, cpuMs: number): void {
  const count = (verdict: Row["verdict"]) => rows.filter((row) => row.verdict === verdict).length;
  const quick = rows.filter((row) => row.how === "static").map((row) => row.ms);
  const all = rows.map((row) => row.ms);
  const theirs = rows.map((row) => row.makepkgMs);
  const line = (name: string, value: string | number) => console.log(`${name.padEnd(34)} ${value}`);
  line("recipes", rows.length);
  for (const verdict of ["identical", "refused by both", "only makepkg refuses", "only rbee refuses", "different"] as const)
    line(verdict, count(verdict));
  line("answered statically", `${quick.length} (${((100 * quick.length) / rows.length).toFixed(1)} %)`);
  line("static median, p99 (ms)", `${rank(quick, 0.5).toFixed(2)}, ${rank(quick, 0.99).toFixed(2)}`);
  line("all median, p99 (ms)", `${rank(all, 0.5).toFixed(2)}, ${rank(all, 0.99).toFixed(2)}`);
  line("makepkg median, p99 (ms)", `${rank(theirs, 0.5).toFixed(0)}, ${rank(theirs, 0.99).toFixed(0)}`);
  line("makepkg median / static median", (rank(theirs, 0.5) / rank(quick, 0.5)).toFixed(0));
  line("all of them in one process (s)", (totalMs / 1000).toFixed(2));
  line("processor time of that process (s)", (cpuMs / 1000).toFixed(2));
  for (const row of rows)
    if (!["identical", "refused by both"].includes(row.verdict)) console.log(`${row.verdict}: ${row.dir} (${row.how}): ${row.note}`);
}

const limit = values.limit === undefined ? undefined : Number(values.limit);
const dirs = (await Promise.all(positionals.map((root) => recipeDirs(root, limit)))).flat();
const answers = dirs.flatMap((dir) => {
  const answer = values.remembered ? rememberedAnswer(dir, options) : askMakepkg(dir, options);
  return answer === undefined ? [] : [{ dir, answer }];
});
const started = performance.now();
const cpu = process.cpuUsage();
const mine: Ours[] = [];
let next = 0;
const reader = async () => {
  for (let index = next++; index < answers.length; index = next++) mine[index] = await ours(answers[index]?.dir ?? "");
};
await Promise.all([reader(), reader(), reader(), reader()]);
const totalMs = performance.now() - started;
const used = process.cpuUsage(cpu);
const rows = answers.map(({ dir, answer }, index) => compare(dir, mine[index] as Ours, answer));
show(rows, totalMs, (used.user + used.system) / 1000);
