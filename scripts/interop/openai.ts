// The `openai` client for Python against a hive with the tests' worker.
import { join } from "node:path";
import { root } from "../../tests/harness.ts";
import { hiveOf, installToy, processesOf, servingHome } from "../../tests/toy-worker.ts";
import type { Check } from "./check.ts";
import type { Python } from "./venv.ts";

export async function checkOpenAi(python: Python): Promise<Check[]> {
  await using home = await servingHome();
  await installToy(home);
  await home.rbee(["worker", "spawn"]);
  const { url, token } = await hiveOf(home);
  const worker = (await processesOf(home))[0]!.url;
  const env = { PATH: process.env.PATH ?? "", HOME: home.path, RBEE_URL: url, RBEE_TOKEN: token, WORKER_URL: worker };
  const said = await python.run(["python", join(root, "scripts/interop/openai_client.py")], env);
  return said
    .trim()
    .split("\n")
    .map((line) => ({ client: "openai (Python)", problem: undefined, ...(JSON.parse(line) as { what: string; problem?: string }) }));
}
