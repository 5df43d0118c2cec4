// Rights that the hive does not have: a job waits here until somebody who has them has done its last step.
import type { Input } from "../lib/contract/operations.ts";
import { fail } from "../lib/errors.ts";
import { selfCommand } from "../lib/self-command.ts";
import type { JobContext } from "./job.ts";

type Answer = Omit<Input<"elevation_answer">, "job_id">;
type Means = "sudo" | "pkexec";

/** The jobs that wait for an answer. */
export class Elevation {
  readonly #waiting = new Map<string, (answer: Answer) => void>();

  /**
   * Has `rbee internal …words` run with rights: the hive runs pkexec itself, which asks on the desktop; sudo wants a terminal, so whoever follows
   * the job is asked to run it. Resolves when it is done; with `user` when the rights were refused and the user's place will do.
   * @throws ELEVATION_REFUSED, or the signal's reason.
   */
  async run(job: JobContext, means: Means, words: readonly string[], hint: string): Promise<"done" | "user"> {
    const command = [...selfCommand(), "internal", ...words];
    const answer = await (means === "pkexec" ? runPkexec(command, job.signal) : this.#ask(job, command));
    if (answer.outcome === "refused") throw fail("ELEVATION_REFUSED", { reason: answer.reason ?? "somebody said no" }, { hint });
    return answer.outcome;
  }

  /** @throws JOB_NOT_FOUND when that job waits for nothing. */
  answer({ job_id, ...answer }: Input<"elevation_answer">): void {
    const settle = this.#waiting.get(job_id);
    if (!settle) throw fail("JOB_NOT_FOUND", { id: job_id });
    settle(answer);
  }

  async #ask(job: JobContext, command: readonly string[]): Promise<Answer> {
    const { promise, resolve, reject } = Promise.withResolvers<Answer>();
    const stop = () => reject(job.signal.reason);
    job.signal.addEventListener("abort", stop, { once: true });
    this.#waiting.set(job.id, resolve);
    try {
      job.signal.throwIfAborted();
      job.elevate(command);
      return await promise;
    } finally {
      this.#waiting.delete(job.id);
      job.signal.removeEventListener("abort", stop);
    }
  }
}

/** Can the hive ask for rights by itself? pkexec finds its user's session, and with it the desktop that shows the question. */
export function hasPkexec(path: string | undefined): boolean {
  return process.platform === "linux" && Bun.which("pkexec", path === undefined ? {} : { PATH: path }) !== null;
}

/** Exit codes: 126 the person said no, 127 not allowed or nobody to ask. Source: pkexec(1), RETURN VALUE. */
async function runPkexec(command: readonly string[], signal: AbortSignal): Promise<Answer> {
  signal.throwIfAborted();
  const program = Bun.spawn(["pkexec", ...command], { cwd: "/", stdin: "ignore", stdout: "ignore", stderr: "pipe", signal });
  const [code, said] = await Promise.all([program.exited, new Response(program.stderr).text()]);
  signal.throwIfAborted();
  if (code === 0) return { outcome: "done" };
  const reason = code === 126 ? "the question was dismissed" : said.trim().split("\n").at(-1) || `pkexec exited with ${code}`;
  return { outcome: "refused", reason: reason.slice(0, 1000) };
}
