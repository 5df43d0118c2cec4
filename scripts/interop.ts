// Proves with the real programs that others' clients and rbee understand each other: `hf`, `huggingface_hub` and `transformers` over the shared
// cache of models, the `openai` client for Python against a hive. What they are is installed into a virtual environment of its own.
// node scripts/dev.mjs scripts/interop.ts [--venv DIR]        exit 1 when anything is not as it should be
import { readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { renderTable } from "../lib/table.ts";
import { root } from "../tests/harness.ts";
import { checkCache } from "./interop/cache.ts";
import type { Check } from "./interop/check.ts";
import { checkOpenAi } from "./interop/openai.ts";
import { makeVenv } from "./interop/venv.ts";

const { values } = parseArgs({ options: { venv: { type: "string", default: join(tmpdir(), "rbee-interop-venv") } } });

const python = await makeVenv(values.venv, readFileSync(join(root, "scripts/interop/requirements.txt"), "utf8"));
const checks: Check[] = [...(await checkCache(python)), ...(await checkOpenAi(python))];
const rows = checks.map(({ client, what, problem }) => [client, what, problem === undefined ? "yes" : "NO", problem ?? ""]);
console.log(renderTable([{ title: "CLIENT" }, { title: "WHAT" }, { title: "HOLDS" }, { title: "WHY NOT" }], rows));
console.log(`${new Date().toISOString().slice(0, 10)}: ${python.versions}`);
process.exitCode = checks.every(({ problem }) => problem === undefined) ? 0 : 1;
