// Packs the client for Node and Bun as npm does: dist/rbee-VERSION.tgz, one file of code, its types, no dependencies.
import { copyFileSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { packageTypes } from "../lib/script/types.ts";
import { removeTree } from "../lib/tree.ts";
import { VERSION } from "../lib/version.ts";

const root = join(import.meta.dir, "..");

const MANIFEST = {
  name: "rbee",
  version: VERSION,
  description: "The typed client of rbee, a host for LLM inference workers",
  license: "GPL-3.0-or-later",
  type: "module",
  exports: { ".": { types: "./index.d.ts", default: "./index.js" } },
  types: "./index.d.ts",
  files: ["index.js", "index.d.ts"],
  engines: { node: ">=20" },
};

const README = `# rbee

The typed client of rbee: every operation as a function.

\`\`\`js
import { rbee } from "rbee";

const { worker } = await rbee.worker.install({ worker_id: "llama-node-cpu" }, { onEvent: console.error });
console.log(worker.binary);
\`\`\`

It asks the hive that \`RBEE_HIVE_URL\` and \`RBEE_TOKEN\` name, else this machine's, which the program \`rbee\` on PATH starts when none runs
(\`RBEE=/path/to/rbee\` names it). \`connect({ url, token })\` makes a client of another one. Errors are \`RbeeError\`, with \`code\` and \`hint\`.
A script that runs with \`node\` or \`bun\` and this package runs with \`rbee run\` as it is.
`;

/** Builds and packs into `directory`. Returns the archive's path. */
export async function packageClient(directory: string): Promise<string> {
  const content = join(directory, "client");
  removeTree(content);
  mkdirSync(content, { recursive: true });
  const built = await Bun.build({
    entrypoints: [join(root, "lib/script/node-client.ts")],
    target: "node",
    format: "esm",
    minify: { whitespace: true, syntax: true },
  });
  writeFileSync(join(content, "index.js"), await built.outputs[0]!.text());
  writeFileSync(join(content, "index.d.ts"), packageTypes());
  writeFileSync(join(content, "package.json"), `${JSON.stringify(MANIFEST, null, 2)}\n`);
  writeFileSync(join(content, "README.md"), README);
  copyFileSync(join(root, "LICENSE"), join(content, "LICENSE"));
  const packed = Bun.spawnSync(["npm", "pack", "--json", "--pack-destination", directory, content], {
    cwd: directory,
    stdout: "pipe",
    stderr: "pipe",
  });
  if (packed.exitCode !== 0) throw new Error(`npm pack failed:\n${packed.stderr}`);
  const [{ filename }] = JSON.parse(packed.stdout.toString()) as [{ filename: string }];
  return join(directory, filename);
}

if (import.meta.main) console.log(await packageClient(join(root, "dist")));
