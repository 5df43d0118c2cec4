// The locked room in which a recipe is sourced: which walls this machine can give, and how to start a program behind them.
import { join } from "node:path";

export interface Room {
  /** Programs that stand in front of the command. */
  readonly command: (scratch: string, recipeDirectory?: string) => string[];
  readonly missing: readonly string[];
  readonly ownProcesses: boolean;
}

export const limits = {
  seconds: 10,
  memoryBytes: 512 * 1024 * 1024,
  processes: 128,
  fileBytes: 16 * 1024 * 1024,
  printedBytes: 64 * 1024,
} as const;

const none: Room = {
  command: () => rlimits(4096),
  missing: ["a network of its own", "a read-only view of the files", "processes of its own"],
  ownProcesses: false,
};

/**
 * bubblewrap: everything read-only except `scratch`, an empty home and /tmp, no network, own processes. The limit on processes counts inside
 * the user namespace since Linux 5.14 (getrlimit(2)); root of the machine is not held by it.
 */
const bubblewrap: Room = {
  command: (scratch) => [
    "bwrap",
    ...readOnlyView(scratch),
    "--unshare-all",
    "--die-with-parent",
    "--new-session",
    "--",
    ...rlimits(limits.processes),
  ],
  missing: [],
  ownProcesses: true,
};

const readOnlyView = (scratch: string) => [
  "--ro-bind",
  "/",
  "/",
  "--dev",
  "/dev",
  "--proc",
  "/proc",
  "--tmpfs",
  "/dev/shm",
  "--bind",
  scratch,
  scratch,
  "--cap-drop",
  "ALL",
];

const namespaces: Room = {
  command: () => [
    ...[
      "unshare",
      "--user",
      "--map-current-user",
      "--net",
      "--mount",
      "--ipc",
      "--pid",
      "--fork",
      "--kill-child=KILL",
      "--mount-proc",
      "--",
    ],
    ...rlimits(limits.processes),
  ],
  missing: ["a read-only view of the files"],
  ownProcesses: true,
};

/** Memory, processes, file size, processor time and no core files for the command that follows (prlimit(1)); ulimit in bash is the same call. */
function rlimits(processes: number): string[] {
  if (Bun.which("prlimit") === null) return [];
  const { memoryBytes, fileBytes, seconds } = limits;
  return ["prlimit", `--as=${memoryBytes}`, `--nproc=${processes}`, `--fsize=${fileBytes}`, `--cpu=${seconds}`, "--core=0", "--"];
}

let chosen: Room | undefined;

/** The best room that works here, tried once per process by starting `true` in it. */
export function bestRoom(scratch: string): Room {
  chosen ??= [bubblewrap, namespaces].find((room) => works(room, scratch)) ?? none;
  return Bun.which("prlimit") === null ? { ...chosen, missing: [...chosen.missing, "limits on memory, processes and files"] } : chosen;
}

function works(room: Room, scratch: string): boolean {
  const [program, ...rest] = [...room.command(scratch), "true"];
  if (program === undefined || Bun.which(program) === null) return false;
  const env = { PATH: process.env.PATH ?? join("/usr", "bin") };
  return Bun.spawnSync([program, ...rest], { env, stdio: ["ignore", "ignore", "ignore"], timeout: 5000 }).exitCode === 0;
}
