// A virtual environment with the clients that are checked.
import { existsSync } from "node:fs";
import { join } from "node:path";

export interface Python {
  /** The environment's programs. */
  readonly bin: string;
  readonly versions: string;
  /** Runs a program of it; gives back what it printed. @throws with what it said when it fails. */
  run(words: readonly string[], env: Readonly<Record<string, string>>): Promise<string>;
}

/** Makes the environment, or brings one that is there to what is required. */
export async function makeVenv(directory: string, requirements: string): Promise<Python> {
  const bin = join(directory, "bin");
  const wanted = requirements.trim().split("\n");
  if (!existsSync(join(bin, "python"))) await run(["python3", "-m", "venv", directory], process.env);
  await run([join(bin, "pip"), "install", "--quiet", "--disable-pip-version-check", ...wanted], process.env);
  const versions = wanted.map((line) => line.replace("==", " ")).join(", ");
  return { bin, versions, run: ([program, ...words], env) => run([join(bin, program!), ...words], env) };
}

async function run(words: readonly string[], env: Readonly<Record<string, string | undefined>>): Promise<string> {
  const child = Bun.spawn([...words], { env, stdin: "ignore", stdout: "pipe", stderr: "pipe" });
  const [out, said, code] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text(), child.exited]);
  if (code !== 0) throw new Error(`${words.slice(0, 3).join(" ")}: exit ${code}\n${said}${out}`);
  return out;
}
