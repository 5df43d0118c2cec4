// Everything that must hold before a commit: types, lint, format, dead exports, and all tests against source and binary.
// Its last line is `N passed, N failed` (`, N skipped` may follow).
import { join } from "node:path";
import { build } from "./build.ts";

interface Tally {
  passed: number;
  failed: number;
  skipped: number;
}

const root = join(import.meta.dir, "..");
const bin = (name: string) => join(root, "node_modules/.bin", name);
const binary = join(root, "dist/rbee");

/** Programs that say yes or no. */
const CHECKS: Readonly<Record<string, string[]>> = {
  types: [bin("tsc"), "--noEmit", "-p", root],
  "types of the page": [bin("tsc"), "--noEmit", "-p", join(root, "hive/ui")],
  "lint and format": [bin("biome"), "ci", "--reporter=summary", root],
  "dead exports": [process.execPath, bin("knip"), "--no-progress"],
};

/** Where source and binary differ: how rbee finds and runs itself, what is embedded, what a script imports. The other tests of it run against the binary alone. */
const BOTH = ["hive", "worker", "cancel", "run-script", "pkgbuild", "self", "page", "output"].map((name) => `tests/e2e/${name}.test.ts`);

/** What people run is the binary: all end-to-end tests run against it. The others import the source. */
const SUITES: readonly { readonly name: string; readonly paths: readonly string[]; readonly env: Readonly<Record<string, string>> }[] = [
  {
    name: "source",
    paths: ["tests/lib", "tests/hive", "tests/cli", "tests/tidy.test.ts", "tests/docs.test.ts", "tests/examples.test.ts"],
    env: {},
  },
  { name: "end to end, compiled", paths: ["tests/e2e"], env: { RBEE_UNDER_TEST: binary } },
  { name: "the page, compiled", paths: ["tests/ui"], env: { RBEE_UNDER_TEST: binary } },
  { name: "end to end, from source", paths: BOTH, env: { RBEE_UNDER_TEST: "source" } },
];

const tally: Tally = { passed: 0, failed: 0, skipped: 0 };
const only = process.argv.slice(2);
if (only.length === 0) for (const [name, command] of Object.entries(CHECKS)) runCheck(name, command);
await build(binary);
for (const suite of SUITES) runSuite(suite);
console.log(`${tally.passed} passed, ${tally.failed} failed${tally.skipped ? `, ${tally.skipped} skipped` : ""}`);
process.exitCode = tally.failed > 0 ? 1 : 0;

function runCheck(name: string, command: string[]): void {
  const { exitCode, stdout, stderr } = Bun.spawnSync(command, { cwd: root, stdout: "pipe", stderr: "pipe" });
  console.log(`${exitCode === 0 ? "ok" : "FAILED"}: ${name}`);
  if (exitCode === 0) tally.passed++;
  else {
    tally.failed++;
    console.log(stdout.toString() + stderr.toString());
  }
}

function runSuite({ name, paths, env }: (typeof SUITES)[number]): void {
  const wanted = only.length > 0 ? only.filter((path) => paths.some((suite) => path.startsWith(suite))) : paths;
  if (wanted.length === 0) return;
  console.log(`== ${name}`);
  // Colours and a person's own settings must not change what the tests see.
  const { NO_COLOR: _, FORCE_COLOR: __, ...inherited } = process.env;
  const clean = Object.fromEntries(Object.entries(inherited).filter(([key]) => !key.startsWith("RBEE_")));
  const { stdout, stderr, exitCode } = Bun.spawnSync([process.execPath, "test", "--timeout=60000", ...wanted], {
    cwd: root,
    env: { ...clean, ...env },
    stdout: "pipe",
    stderr: "pipe",
    maxBuffer: 1 << 28,
  });
  const said = stdout.toString() + stderr.toString();
  const count = (word: string) => Number(new RegExp(`^\\s*(\\d+) ${word}$`, "m").exec(said)?.[1] ?? 0);
  tally.passed += count("pass");
  tally.skipped += count("skip");
  // A suite that broke off before it could count is a failure too.
  tally.failed += count("fail") || (exitCode === 0 ? 0 : 1);
  console.log(exitCode === 0 ? said.split("\n").slice(-6).join("\n") : said);
}
