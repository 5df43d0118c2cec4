// Runs the sourcing bash behind the walls of a room, and ends its whole process group on time-out or cancel.
import { limits, type Room } from "./room.ts";

export type Ending =
  | { readonly kind: "ended"; readonly how: string; readonly left: boolean }
  | { readonly kind: "timed out" }
  | { readonly kind: "cancelled" };

export interface RunOptions {
  readonly room: Room;
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
  const child = Bun.spawn([...room.command(scratch), ...guarded], {
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
  const left = endGroup(child.pid);
  if (first !== undefined) return { kind: first };
  return { kind: "ended", how: child.signalCode === null ? `exit ${child.exitCode}` : `signal ${child.signalCode}`, left };
}

/** Sends SIGKILL to the group; true when there was still somebody in it. The pid namespace, where there is one, ends the rest. */
function endGroup(pid: number): boolean {
  try {
    process.kill(-pid, "SIGKILL");
    return true;
  } catch {
    return false;
  }
}
