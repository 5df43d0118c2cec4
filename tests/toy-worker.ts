// Installs the toy worker of the fixtures through rbee, as any other worker.
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { type Home, makeHome, root, tinyModel, until } from "./harness.ts";
import { writeRecipe } from "./recipes.ts";

export interface ToyStats {
  readonly pid: number;
  readonly requests: number;
  readonly active: number;
  readonly mostActive: number;
  readonly aborted: number;
  readonly bodies: readonly string[];
}

/** Installs `toy` with these words for the program, and the tiny model. */
export async function installToy(
  home: Home,
  { args = [], run = {}, entry = {}, id = "toy" }: { args?: string[]; run?: object; entry?: object; id?: string } = {},
): Promise<void> {
  const program = join(root, "tests/fixtures/programs/openai-worker.ts");
  const catalog = join(home.path, "catalog");
  const script = `#!/bin/sh\\nexec env BUN_BE_BUN=1 "$RBEE_BIN" ${program} "$@"\\n`;
  writeRecipe(catalog, id, {
    entry: { supports_batching: true, run: { args: ["--model", "{model}", "--port", "{port}", ...args], ...run }, ...entry },
    package: `install -d "$pkgdir/usr/bin"\n  printf '${script}' >"$pkgdir/usr/bin/${id}"\n  chmod 755 "$pkgdir/usr/bin/${id}"`,
  });
  const installed = await home.rbee(["worker", "download", id, "--yes"]);
  if (installed.code !== 0) throw new Error(installed.stderr);
  await home.rbee(["model", "download", tinyModel]);
}

/** A home with a hive that serves and knows the catalog that {@link installToy} writes. */
export async function servingHome(extra: Record<string, string> = {}): Promise<Home> {
  const home = makeHome(extra);
  home.env.RBEE_CATALOG = join(home.path, "catalog");
  mkdirSync(home.env.RBEE_CATALOG);
  home.start(["hive", "serve", "--port", "0"]).unref();
  await until("the hive answers", async () => (await home.rbee(["hive", "status"])).code === 0);
  return home;
}

/** Where the home's hive is, and its token. */
export async function hiveOf(home: Home): Promise<{ url: string; token: string }> {
  const status = JSON.parse((await home.rbee(["hive", "status", "--json"])).stdout) as { url: string };
  return { url: status.url, token: (await home.rbee(["hive", "token"])).stdout.trim() };
}

export async function statsOf(url: string): Promise<ToyStats> {
  return (await (await fetch(`${url}/stats`)).json()) as ToyStats;
}

export interface Process {
  readonly id: string;
  readonly state: string;
  readonly url: string;
  readonly pid: number;
  readonly restarts?: number;
  readonly exit?: string;
  readonly model?: string;
  readonly usage?: { readonly active: number; readonly waiting: number };
}

export async function processesOf(home: Home): Promise<Process[]> {
  return (JSON.parse((await home.rbee(["ps", "--json"])).stdout) as { processes: Process[] }).processes;
}
