// Starts programs as a tree and ends the whole tree, gently then surely.
//
// Every program starts as the leader of a session of its own. Children may leave the group (setsid), outlive their parent (double fork),
// drop their terminal (nohup) or fork while they are being ended, so the tree is looked up afresh in the process table until it is empty.
// A process belongs to the tree when one of these holds, and once it was seen it stays known by pid and start time:
//   its session or group is one that we started · its parent belongs · its environment carries the tree's mark · the means counts it.
import { randomBytes } from "node:crypto";
import { fail } from "./errors.ts";
import { type ProcessMeans, processGroup, type Wrapped } from "./process/means.ts";
import {
  environmentOf,
  findProcess,
  type Identity,
  listProcesses,
  namespacePids,
  type ProcessInfo,
  signalProcess,
} from "./process/table.ts";

/** What happens to a tree that is being ended, in order; `pgid` is the leader's group. */
export type EndStage = { readonly stage: "killing" | "sigterm" | "sigkill"; readonly pgid: number };

interface TreeOptions {
  /** Who starts the tree: {@link endOrphans} finds what a dead owner left by this name. */
  readonly owner?: string;
  /** The whole mark, for a tree that another process of ours started: what {@link ProcessTree.env} held then. */
  readonly mark?: string;
  /** What holds the programs together that {@link ProcessTree.start} starts. */
  readonly means?: ProcessMeans;
  /** From SIGTERM to SIGKILL. */
  readonly graceMs?: number;
  /** From SIGKILL until what still lives is reported as unkillable. */
  readonly killMs?: number;
  readonly onStage?: (stage: EndStage) => void;
  /** Ends the tree when it fires; `end` or the disposal still has to be awaited. */
  readonly signal?: AbortSignal | undefined;
}

const GRACE_MS = 500;
const KILL_MS = 5_000;
const MARK = "RBEE_TREE";

/** The processes that one piece of work starts, and everything they start. `await using tree = new ProcessTree(…)` leaves none behind. */
export class ProcessTree implements AsyncDisposable {
  /** Put these into the environment of every program that is started: they mark what belongs to the tree. */
  readonly env: Readonly<Record<string, string>>;
  readonly #options: TreeOptions;
  readonly #leaders = new Map<number, Identity>();
  readonly #known = new Map<number, string>();
  readonly #wrapped: Wrapped[] = [];
  /** Leaders that follow their children to the end. */
  readonly #last = new Set<number>();
  readonly #mark: string;
  readonly #since: number;
  readonly #onAbort = () => void this.end().catch(() => {});
  #ending: Promise<void> | undefined;

  constructor(options: TreeOptions = {}) {
    this.#options = options;
    this.#mark = options.mark ?? `${options.owner ?? ""}:${randomBytes(12).toString("hex")}`;
    this.env = { [MARK]: this.#mark };
    this.#since = options.mark ? 0 : Number(findProcess(process.pid)?.startTime ?? 0);
    options.signal?.addEventListener("abort", this.#onAbort, { once: true });
  }

  /** Starts a program behind the tree's means; `spawn` starts the words it is given `detached`, with {@link env} in the environment. @throws the signal's reason. */
  start<Started extends { readonly pid?: number | undefined }>(
    argv: readonly string[],
    spawn: (argv: readonly string[]) => Started,
  ): Started {
    this.#options.signal?.throwIfAborted();
    const wrapped = (this.#options.means ?? processGroup).wrap(argv);
    const started = spawn(wrapped.argv);
    this.#wrapped.push(wrapped);
    if (started.pid) wrapped.hold?.(started.pid);
    if (started.pid) this.adopt(started.pid);
    if (started.pid && wrapped.leaderIsLast) this.#last.add(started.pid);
    return started;
  }

  /** Takes a program that was just started `detached` (leader of its own session) into the tree. */
  adopt(pid: number): void {
    const info = findProcess(pid);
    if (!info) return;
    this.#leaders.set(pid, info);
    this.#known.set(pid, info.startTime);
    // An end that is under way may have looked before this one was there: it is followed by another.
    const isEnding = this.#ending !== undefined || this.#options.signal?.aborted;
    if (isEnding) void (this.#ending ?? Promise.resolve()).then(this.#onAbort, this.#onAbort);
  }

  /** The living processes of the tree. */
  members(): ProcessInfo[] {
    const alive = listProcesses().filter((process) => process.state !== "Z" && process.state !== "X");
    const found = new Set<number>(this.#wrapped.flatMap(({ members }) => members?.() ?? []));
    for (const process of alive) if (this.#isOurs(process)) found.add(process.pid);
    addDescendants(alive, found);
    const members = alive.filter((process) => found.has(process.pid));
    for (const member of members) this.#known.set(member.pid, member.startTime);
    return members;
  }

  /**
   * Ends every process of the tree: SIGTERM to all, up to `graceMs`, then SIGKILL until two looks in a row find nothing. Resolves when all are dead.
   * @throws CANCEL_INCOMPLETE with the living pids when something survives SIGKILL for `killMs` (uninterruptible, signal(7)).
   */
  end(): Promise<void> {
    // A tree that was ended and then grew again (a program started late) is ended again.
    this.#ending ??= this.#end().finally(() => {
      this.#ending = undefined;
    });
    return this.#ending;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#options.signal?.removeEventListener("abort", this.#onAbort);
    await this.end();
  }

  async #end(): Promise<void> {
    const { graceMs = GRACE_MS, killMs = KILL_MS } = this.#options;
    let living = await this.#untilEmpty(0, () => {});
    if (living.length > 0) {
      this.#tell("killing", living);
      this.#tell("sigterm", living);
      living = await this.#untilEmpty(graceMs, this.#gently());
    }
    if (living.length > 0) {
      this.#tell("sigkill", living);
      living = await this.#untilEmpty(killMs, (found) => this.#surely(found));
    }
    if (living.length > 0) {
      const pids = living.map((process) => process.pid);
      throw fail("CANCEL_INCOMPLETE", { pids: pids.join(",") }, { data: { pids } });
    }
    // Where there is no table to look in (Windows), the means alone knows what still lives.
    for (const { kill, release } of this.#wrapped.splice(0)) {
      if (process.platform === "win32") kill?.();
      release?.();
    }
  }

  /** Looks until two looks in a row are empty or the time is over; what a look finds is handed to `act`. */
  async #untilEmpty(limitMs: number, act: (living: ProcessInfo[]) => void): Promise<ProcessInfo[]> {
    const deadline = performance.now() + limitMs;
    let pauseMs = 1;
    let emptyLooks = 0;
    for (;;) {
      const living = this.members();
      emptyLooks = living.length === 0 ? emptyLooks + 1 : 0;
      if (emptyLooks === 2 || (living.length > 0 && performance.now() >= deadline)) return living;
      act(living);
      await Bun.sleep(pauseMs);
      pauseMs = Math.min(pauseMs * 2, 20);
    }
  }

  /** SIGTERM to everybody once, also to those who come later; SIGCONT wakes the stopped to it. Who only waits for its children is left waiting. */
  #gently(): (living: ProcessInfo[]) => void {
    const told = new Set<string>();
    return (living) => {
      const waiting = monitorsAmong(living);
      for (const process of living) {
        // A process that became another program since may have lost the signal between fork and exec: it is told again.
        const name = `${process.pid}:${process.startTime}:${process.command}`;
        if (!told.has(name) && !waiting.has(process.pid) && !this.#last.has(process.pid)) signalProcess(process, "SIGTERM");
        if (process.state === "T" || process.state === "t" || told.has(name)) signalProcess(process, "SIGCONT");
        told.add(name);
      }
    };
  }

  #surely(living: ProcessInfo[]): void {
    for (const { kill } of this.#wrapped) kill?.();
    const others = living.filter(({ pid }) => !this.#last.has(pid));
    for (const process of others.length > 0 ? others : living) signalProcess(process, "SIGKILL");
  }

  #tell(stage: EndStage["stage"], living: ProcessInfo[]): void {
    const leader = living.find((process) => this.#leaders.has(process.pid)) ?? living[0]!;
    this.#options.onStage?.({ stage, pgid: leader.pgid });
  }

  #isOurs(process: ProcessInfo): boolean {
    if (this.#known.get(process.pid) === process.startTime) return true;
    if (this.#sharesSession(process)) return true;
    if (Number(process.startTime) < this.#since) return false;
    return environmentOf(process.pid).includes(`${MARK}=${this.#mark}`);
  }

  /** A session's or group's number stays taken while any member lives, so one that we started cannot have become somebody else's unnoticed. */
  #sharesSession(process: ProcessInfo): boolean {
    const leader = this.#leaders.get(process.sid) ?? this.#leaders.get(process.pgid);
    return (
      leader !== undefined &&
      Number(process.startTime) >= Number(leader.startTime) &&
      (process.pid !== leader.pid || process.startTime === leader.startTime)
    );
  }
}

/** Ends everything that trees of this owner left alive, whoever its parent is now. Only for an owner that has no living tree. Returns how many. */
export async function endOrphans(owner: string, options: TreeOptions = {}): Promise<number> {
  const orphans = listProcesses().filter(({ pid }) => pid !== process.pid && environmentOf(pid).includes(`${MARK}=${owner}:`));
  if (orphans.length === 0) return 0;
  const tree = new ProcessTree(options);
  for (const { pid } of orphans) tree.adopt(pid);
  await tree.end();
  return orphans.length;
}

function addDescendants(alive: ProcessInfo[], found: Set<number>): void {
  for (let grew = true; grew; ) {
    grew = false;
    for (const process of alive) {
      if (!found.has(process.pid) && found.has(process.ppid)) {
        found.add(process.pid);
        grew = true;
      }
    }
  }
}

/** Those that only wait for the first process of a PID namespace (unshare, bubblewrap): with them the namespace would die before its grace is over. */
function monitorsAmong(living: ProcessInfo[]): Set<number> {
  const first = living.filter(({ pid }) => {
    const inner = namespacePids(pid);
    return inner.length > 1 && inner.at(-1) === 1;
  });
  return new Set(first.map(({ ppid }) => ppid));
}
