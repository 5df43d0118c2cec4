// Installs a built-in worker, starts it with a model, asks, stops and removes it, and prints its row; with --write the entry says so too.
// Without an id it only writes docs/catalog.md.
// node scripts/dev.mjs scripts/verify-catalog.ts [ID... --model FILE] [--timeout 40m] [--sources DIR] [--write] [--note TEXT]
import { cpSync, mkdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { type Home, makeHome } from "../tests/harness.ts";
import { ask } from "./catalog-questions.ts";
import { builtInEntry, noteVerified, thisMachine, writeCatalogPage } from "./catalog-table.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    model: { type: "string" },
    timeout: { type: "string", default: "40m" },
    /** A cache of sources from before (`$RBEE_HOME/cache/sources`): what lies in it is not fetched again. */
    sources: { type: "string" },
    write: { type: "boolean", default: false },
    /** What the row has to say besides the machine: `Vulkan on llvmpipe`. */
    note: { type: "string" },
  },
});

for (const id of positionals) {
  const trouble = await verify(id).catch((error: Error) => error.message);
  console.log(`| \`${id}\` | ${trouble ?? `run on ${thisMachine(values.note)}`} |`);
  if (trouble) process.exitCode = 1;
  else if (values.write) noteVerified(id, thisMachine(values.note));
}
if (positionals.length === 0 || values.write) writeCatalogPage();

/** Undefined when everything worked, else what did not. */
async function verify(id: string): Promise<string | undefined> {
  const api = builtInEntry(id).run?.api ?? "openai";
  // Hives that run here already begin at the lower end.
  await using home = makeHome({ RBEE_PORT: "0", RBEE_WORKER_PORTS: "7900-7999" });
  fillSources(home);
  const words = (text: string) => () => rbee(home, text.split(" "));
  const steps: [string, () => Promise<string>][] = [
    // First what is quick and may be refused.
    ["model", async () => (values.model ? rbee(home, ["model", "download", resolve(values.model)]) : "none")],
    ["download", words(`worker download ${id} --yes --timeout ${values.timeout}`)],
    ["spawn", words(`worker spawn --worker ${id} --timeout ${values.timeout}`)],
    ["ask", () => ask(home, api)],
    ["stop", words("worker process stop 1")],
    ["remove", words(`worker remove ${id}`)],
  ];
  for (const [name, step] of steps) {
    const from = performance.now();
    const said = await step().catch((error: Error) => Promise.reject(new Error(`${name}: ${error.message}`)));
    console.error(`${id} ${name}: ${((performance.now() - from) / 1000).toFixed(1)} s ${said.trim().slice(0, 300)}`);
  }
  return undefined;
}

function fillSources(home: Home): void {
  if (!values.sources) return;
  mkdirSync(join(home.path, "cache"), { recursive: true });
  cpSync(resolve(values.sources), join(home.path, "cache/sources"), { recursive: true });
}

/** What a command says on stdout. @throws with the end of what it says on stderr when it fails. */
async function rbee(home: Home, args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await home.rbee(args);
  if (code === 0) return stdout;
  throw new Error(`exit ${code}: ${stderr.trim().split("\n").slice(-8).join(" ")}`);
}
