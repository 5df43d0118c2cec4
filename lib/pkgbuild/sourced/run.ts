// Runs the sourcing bash behind the walls of a room, and ends its whole process group on time-out or cancel.
import { listProcesses } from "../../process-table.ts";
import { limits, type Walls } from "./walls.ts";

export type Ending =
  | { readonly kind: "ended"; readonly how: string; readonly left: boolean }
  | { readonly kind: "timed out" }
  | { readonly kind: "cancelled" };

export interface RunOptions {
  readonly room: Walls;
  readonly scratch: string;
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

/** A parent that can be killed: a recipe that kills it is noticed by the exit status. */
const guarded = ["sh", "-c", "bash --noprofile --norc -s; exit $?"];

/** Feeds `script` to a bash that knows nothing but PATH, a home that does not exist, a UTF-8 locale and `env`. */
export async function runInRoom(script: string, options: RunOptions): Promise<Ending> {
  const { room, scratch, cwd, env, signal } = options;
  if (signal?.aborted) return { kind: "cancelled" };
  const child = Bun.spawn([...room.command, ...guarded], {
    cwd,
    env: { PATH: "/usr/local/bin:/usr/bin:/bin", HOME: "/nonexistent", TMPDIR: scratch, LANG: "C.UTF-8", ...env },
    stdin: new TextEncoder().encode(script),
    stdout: "ignore",
    stderr: "ignore",
    detached: true,
  });
  let first: "timed out" | "cancelled" | undefined;
  const end = (reason: typeof first) => {
    first ??= reason;
    endGroup(child.pid);
  };
  const timer = setTimeout(() => end("timed out"), limits.seconds * 1000);
  const cancel = () => end("cancelled");
  signal?.addEventListener("abort", cancel, { once: true });
  try {
    await child.exited;
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", cancel);
  }
  const left = first === undefined && (await staysBehind(child.pid));
  endGroup(child.pid);
  if (first !== undefined) return { kind: first };
  return { kind: "ended", how: child.signalCode === null ? `exit ${child.exitCode}` : `signal ${child.signalCode}`, left };
}

/** What was on its way out when bash ended (a process substitution) has this long to be gone. */
const leaveMs = 200;

/** Whether somebody of the group lives on; a zombie that nobody waits for does not. */
async function staysBehind(pid: number): Promise<boolean> {
  for (const deadline = performance.now() + leaveMs; groupLives(pid); await Bun.sleep(5)) if (performance.now() > deadline) return true;
  return false;
}

function groupLives(pid: number): boolean {
  try {
    process.kill(-pid, 0);
  } catch {
    return false;
  }
  return listProcesses().some(({ pgid, state }) => pgid === pid && state !== "Z" && state !== "X");
}

/** Sends SIGKILL to the group. The pid namespace, where there is one, ends the rest. */
function endGroup(pid: number): void {
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // Nobody is left in it.
  }
}
