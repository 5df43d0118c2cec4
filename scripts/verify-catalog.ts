// Proves an entry of the catalog on this machine: installs, starts, asks, stops and removes it, and prints its row. Without an id it only writes docs/catalog.md.
// node scripts/dev.mjs scripts/verify-catalog.ts [ID... --model FILE] [--timeout 40m]
import { readFileSync } from "node:fs";
import { arch, platform } from "node:os";
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { makeHome } from "../tests/harness.ts";
import { writeCatalogPage } from "./catalog-table.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { model: { type: "string" }, timeout: { type: "string", default: "40m" } },
});

for (const id of positionals) {
  const failed = await verify(id);
  console.log(`| \`${id}\` | ${failed ?? `run on ${machine()}`} |`);
  if (failed) process.exitCode = 1;
}
if (positionals.length === 0) writeCatalogPage();

/** Undefined when everything worked, else what did not. */
async function verify(id: string): Promise<string | undefined> {
  await using home = makeHome();
  const steps: string[][] = [
    ["worker", "download", id, "--yes", "--timeout", values.timeout],
    ...(values.model ? [["model", "download", resolve(values.model)]] : []),
    ["worker", "spawn", "--worker", id],
    ["infer", "--max-tokens", "20", "Once upon a time"],
    ["worker", "process", "stop", "1"],
    ["worker", "remove", id],
  ];
  for (const step of steps) {
    const from = performance.now();
    const { code, stdout, stderr } = await home.rbee(step);
    console.error(`${step.join(" ")}: exit ${code} after ${((performance.now() - from) / 1000).toFixed(1)} s`);
    if (step[0] === "infer") console.error(stdout);
    if (code !== 0) return `${step.join(" ")}: ${stderr.split("\n").slice(-6).join(" ")}`;
  }
  return undefined;
}

/** `linux x86_64 (Debian GNU/Linux 12 (bookworm))`. */
function machine(): string {
  const name = platform() === "linux" ? /^PRETTY_NAME="?([^"\n]*)/m.exec(readFileSync("/etc/os-release", "utf8"))?.[1] : undefined;
  const processor = { x64: "x86_64", arm64: "aarch64" }[arch() as string] ?? arch();
  return `${platform() === "darwin" ? "macos" : platform()} ${processor}${name ? ` (${name})` : ""}`;
}
