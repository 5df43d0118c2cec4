// Runs the sourcing bash behind the walls of a room, and ends all that it started on time-out or cancel: none of it lives when the answer is given.
import { ProcessTree } from "../../process-group.ts";
import { watchMemory } from "./memory.ts";
import { limits, type Walls } from "./walls.ts";

export type Ending =
  | { readonly kind: "ended"; readonly how: string; readonly left: boolean }
  | { readonly kind: "timed out" }
  | { readonly kind: "too much memory" }
  | { readonly kind: "cancelled" };

export interface RunOptions {
  readonly room: Walls;
  readonly scratch: string;
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  /** Open files that the script finds at 3, 4 and 5; see script.ts. */
  readonly files: readonly number[];
  readonly signal?: AbortSignal;
}

/** A parent that can be killed: a recipe that kills it is noticed by the exit status. */
const guarded = ["sh", "-c", "bash --noprofile --norc -s; exit $?"];

/** Feeds `script` to a bash that knows nothing but PATH, a home that does not exist, a UTF-8 locale and `env`. */
export async function runInRoom(script: string, options: RunOptions): Promise<Ending> {
  const { room, scratch, cwd, env, files, signal } = options;
  if (signal?.aborted) return { kind: "cancelled" };
  await using tree = new ProcessTree({ graceMs: 0 });
  const child = tree.start([...room.command, ...guarded], (argv) =>
    Bun.spawn([...argv], {
      cwd,
      env: { PATH: "/usr/local/bin:/usr/bin:/bin", HOME: "/nonexistent", TMPDIR: scratch, LANG: "C.UTF-8", ...env, ...tree.env },
      stdio: [new TextEncoder().encode(script), "ignore", "ignore", ...files],
      detached: true,
    }),
  );
  let first: "timed out" | "too much memory" | "cancelled" | undefined;
  const end = (reason: typeof first) => {
    first ??= reason;
    // Those who only wait for the room's first process die last, so that none of them leaves it behind unseen.
    void tree.end().catch(() => {});
  };
  using _watch = watchMemory(tree, limits.residentBytes, () => end("too much memory"));
  const timer = setTimeout(() => end("timed out"), limits.seconds * 1000);
  const cancel = () => end("cancelled");
  signal?.addEventListener("abort", cancel, { once: true });
  try {
    await child.exited;
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", cancel);
  }
  // A namespace that is being taken down by the kernel is nobody's fault; the room itself tells what was left in it.
  const left = first === undefined && !room.ownProcesses && (await staysBehind(tree));
  if (first !== undefined) return { kind: first };
  return { kind: "ended", how: child.signalCode === null ? `exit ${child.exitCode}` : `signal ${child.signalCode}`, left };
}

/** What was on its way out when bash ended (a process substitution) has this long to be gone. */
const LEAVE_MS = 200;

/** Whether somebody of the room lives on. */
async function staysBehind(tree: ProcessTree): Promise<boolean> {
  for (const deadline = performance.now() + LEAVE_MS; tree.members().length > 0; await Bun.sleep(5))
    if (performance.now() > deadline) return true;
  return false;
}
