// Installs a worker, asks it and cleans up in an empty machine: a root file system as debootstrap makes it, read-only but for one directory,
// with no home and no terminal, as root and not as root. Fetches the worker's packages. Prints a table; exits 1 when a line does not hold.
// debootstrap --variant=minbase bookworm ROOT; bun scripts/chaos/containers.ts ROOT
import { chownSync, existsSync, mkdirSync, mkdtempSync, readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { renderTable } from "../../lib/table.ts";
import { removeTree } from "../../lib/tree.ts";
import { runContained } from "../../tests/container.ts";
import { root } from "../../tests/harness.ts";

const rootDirectory = process.argv[2];
if (!rootDirectory || !existsSync(join(rootDirectory, "usr"))) throw new Error("Which root? bun scripts/chaos/containers.ts ROOT");

const MAIN = [
  "rbee worker download llama-node-cpu --user",
  "rbee model download /media/model.gguf",
  'rbee infer "Once upon a time" --max-tokens 8 --temperature 0',
].join(" && ");

const CASES: readonly { readonly what: string; readonly env: Record<string, string>; readonly script: string; readonly code: number }[] = [
  { what: "download, infer", env: { RBEE_HOME: "/box/home" }, script: MAIN, code: 0 },
  { what: "again, already there", env: { RBEE_HOME: "/box/home" }, script: MAIN, code: 0 },
  { what: "a compiler is missing", env: { RBEE_HOME: "/box/home" }, script: "rbee worker download llama-cpp-cpu", code: 4 },
  { what: "no such worker", env: { RBEE_HOME: "/box/home" }, script: "rbee worker download ghost", code: 3 },
  { what: "--system, not writable", env: { RBEE_HOME: "/box/home" }, script: "rbee worker download llama-node-cpu --system", code: 4 },
  { what: "no home at all", env: {}, script: "rbee worker download llama-node-cpu", code: 4 },
  { what: "a home, no RBEE_HOME", env: { HOME: "/box/home" }, script: MAIN, code: 0 },
  {
    what: "removed again",
    env: { RBEE_HOME: "/box/home" },
    script: "rbee worker remove llama-node-cpu --force && ! ls /box/home/local/bin/*",
    code: 0,
  },
];

const rows: string[][] = [];
for (const uid of [0, 12_345]) {
  const writable = mkdtempSync(join(tmpdir(), "rbee-container-"));
  mkdirSync(join(writable, "home"));
  for (const path of [writable, join(writable, "home")]) chownSync(path, uid, uid);
  for (const { what, env, script, code } of CASES) {
    const startedAt = performance.now();
    const ran = runContained({ rootDirectory, writable, uid, rbee: join(root, "dist/rbee"), env, script });
    const left = leftIn(join(writable, "home"));
    const holds = ran.code === code && left.length === 0;
    rows.push([
      String(uid),
      what,
      String(ran.code),
      left.join(" ") || "nothing",
      `${((performance.now() - startedAt) / 1000).toFixed(1)} s`,
      holds ? "ok" : "FAILED",
    ]);
    if (!holds) console.error(`${what} as ${uid}:\n${ran.stderr}`);
  }
  removeTree(writable);
}
console.log(
  renderTable(
    ["UID", "WHAT", "EXIT", "LEFT OF BUILDS", "TIME", ""].map((title) => ({ title })),
    rows,
    undefined,
  ),
);
process.exitCode = rows.some((row) => row.at(-1) !== "ok") ? 1 : 0;

/** Directories of builds that nobody removed. */
function leftIn(home: string): string[] {
  const builds = join(home, "cache/build");
  return existsSync(builds) ? readdirSync(builds).flatMap((name) => readdirSync(join(builds, name))) : [];
}
