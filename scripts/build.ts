// Builds the one executable: for this machine into dist/rbee, or with --all for every target into dist/ with SHA256SUMS.
import { mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { bundlePage } from "../hive/page/bundle.ts";
import { hashFile } from "../lib/hash.ts";

/** Bun's name of each target, and the file it becomes. */
const TARGETS = {
  "bun-linux-x64": "rbee-linux-x64",
  "bun-linux-arm64": "rbee-linux-arm64",
  "bun-linux-x64-musl": "rbee-linux-x64-musl",
  "bun-linux-arm64-musl": "rbee-linux-arm64-musl",
  "bun-darwin-x64": "rbee-darwin-x64",
  "bun-darwin-arm64": "rbee-darwin-arm64",
  "bun-windows-x64": "rbee-windows-x64.exe",
} as const;

const root = join(import.meta.dir, "..");
const dist = join(root, "dist");

/** Compiles one target (undefined: this machine's), minified, as bytecode, without source maps. Written beside and renamed: a running binary stays whole. */
export async function build(outfile: string, target?: keyof typeof TARGETS): Promise<void> {
  const partial = `${outfile}.${process.pid}`;
  mkdirSync(dist, { recursive: true });
  const compile = [
    process.execPath,
    "build",
    "--compile",
    "--minify",
    "--bytecode",
    "--format=esm",
    ...(target ? [`--target=${target}`] : []),
  ];
  const page = `${partial}.page.json`;
  writeFileSync(page, JSON.stringify(await bundlePage()));
  const { exitCode, stderr } = Bun.spawnSync([...compile, join(root, "cli/main.ts"), "--outfile", partial], {
    cwd: dist,
    env: { ...process.env, RBEE_EMBED_PAGE: page },
    stdout: "ignore",
    stderr: "pipe",
  });
  rmSync(page);
  if (exitCode !== 0) throw new Error(`bun build failed for ${target ?? "this machine"}:\n${stderr.toString()}`);
  renameSync(outfile.endsWith(".exe") ? `${partial}.exe` : partial, outfile);
}

async function buildAll(): Promise<void> {
  const sums: string[] = [];
  for (const [target, name] of Object.entries(TARGETS)) {
    const outfile = join(dist, name);
    await build(outfile, target as keyof typeof TARGETS);
    sums.push(`${await hashFile(outfile)}  ${basename(outfile)}`);
    console.log(outfile);
  }
  writeFileSync(join(dist, "SHA256SUMS"), `${sums.join("\n")}\n`);
  console.log(join(dist, "SHA256SUMS"));
}

if (import.meta.main) {
  if (process.argv.includes("--all")) await buildAll();
  else {
    await build(join(dist, "rbee"));
    console.log(join(dist, "rbee"));
  }
}
