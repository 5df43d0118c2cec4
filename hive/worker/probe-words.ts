// The smaller probe: a program is asked for its version or its help. It proves that the program and its libraries load.
import { spawn } from "node:child_process";
import type { InstalledVersion } from "../../lib/contract/views.ts";
import { fail } from "../../lib/errors.ts";
import { ProcessTree } from "../../lib/process-group.ts";
import { programOf } from "../../lib/store/links.ts";
import type { Hive } from "../hive.ts";
import type { JobContext } from "../job.ts";

type Version = Pick<InstalledVersion, "id" | "tree" | "entry">;

const WORDS = ["--version", "--help"] as const;
/** An engine in Python loads for as long as this. */
const LIMIT_MS = 30_000;
const TAIL_BYTES = 4_096;
const TAIL_LINES = 20;

/** Says which word was answered. @throws SPAWN_FAILED with what it said when it was none; the job's signal's reason. */
export async function firstWords(hive: Hive, job: JobContext, version: Version): Promise<string> {
  const runs: Run[] = [];
  for (const word of WORDS) {
    const run = await runWith(hive, job, version, word);
    if (run.how === undefined) return `it answered ${word}`;
    runs.push(run);
  }
  const reason = runs.map(({ how }, index) => `${WORDS[index]} ${how}`).join(", ");
  throw fail("SPAWN_FAILED", { worker: version.id, process: "", reason }, { hint: "", data: { tail: runs.at(-1)!.tail } });
}

interface Run {
  /** How it ended; undefined when it ended well. */
  readonly how: string | undefined;
  readonly tail: string[];
}

async function runWith({ id, means, env, rbeeBinary }: Hive, job: JobContext, version: Version, word: string): Promise<Run> {
  const limit = AbortSignal.timeout(LIMIT_MS);
  await using tree = new ProcessTree({ owner: id, means, signal: AbortSignal.any([job.signal, limit]) });
  const { RBEE_TOKEN: _, ...inherited } = env;
  const options = { env: { ...inherited, RBEE_BIN: rbeeBinary, ...tree.env }, detached: true, stdio: ["ignore", "pipe", "pipe"] as const };
  const child = tree.start([programOf(version), word], ([program, ...words]) =>
    spawn(program!, words, { ...options, stdio: [...options.stdio] }),
  );
  let said = "";
  for (const stream of [child.stdout, child.stderr])
    stream?.on("data", (bytes: Uint8Array) => {
      said = (said + Buffer.from(bytes).toString()).slice(-TAIL_BYTES);
    });
  const how = await new Promise<string | undefined>((resolve) => {
    child.once("error", ({ message }) => resolve(`could not be started (${message})`));
    child.once("exit", (code, signal) => resolve(code === 0 ? undefined : signal ? `was ended by ${signal}` : `gave exit code ${code}`));
  });
  job.signal.throwIfAborted();
  return { how: limit.aborted ? `took more than ${LIMIT_MS / 1000} s` : how, tail: said.trimEnd().split("\n").slice(-TAIL_LINES) };
}
