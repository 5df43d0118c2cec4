// A hive of a script's own: started in the foreground of a home, with a client and its pid.
import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { HiveClient } from "../../lib/client.ts";
import { type Home, until } from "../../tests/harness.ts";

export interface OwnHive {
  readonly pid: number;
  readonly url: string;
  readonly token: string;
  readonly client: HiveClient;
  /** From the start of the program to the first moment that it served. */
  readonly startMs: number;
  /** Ends it without a word and waits until it is dead. */
  kill(): Promise<void>;
}

/** Starts `rbee hive serve` and resolves when it serves. */
export async function startOwnHive(home: Home, env: Record<string, string> = {}): Promise<OwnHive> {
  const file = join(home.path, "state/hive.json");
  rmSync(file, { force: true });
  const from = performance.now();
  const serving = home.start(["hive", "serve", "--port", "0"], { env });
  await until("the hive serves", () => existsSync(file) || serving.exitCode !== null, 30_000);
  const startMs = performance.now() - from;
  if (serving.exitCode !== null) throw new Error(`The hive ended: ${await new Response(serving.stderr).text()}`);
  const { url } = await Bun.file(file).json();
  const token = (await Bun.file(join(home.path, "state/token")).text()).trim();
  const kill = async () => {
    serving.kill("SIGKILL");
    await serving.exited;
  };
  return { pid: serving.pid, url, token, client: new HiveClient(url, token), startMs, kill };
}

/** What a person would confirm; undefined for a worker that no catalog has. */
export async function recipeDigest(client: HiveClient, id: string): Promise<string | undefined> {
  return (await client.run("worker_installed_get", { worker_id: id })).recipe?.digest;
}

/** Hands in an install with that digest. Returns the job's id. */
export async function submitInstall(client: HiveClient, id: string, more: { force?: boolean } = {}): Promise<string> {
  const digest = await recipeDigest(client, id);
  const { job_id } = await client.submit("worker_install", { worker_id: id, ...(digest ? { recipe_digest: digest } : {}), ...more });
  return job_id;
}
