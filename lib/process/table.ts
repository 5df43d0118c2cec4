// The processes of this machine as the kernel tells them. A process is its pid AND its start time: a pid alone may be reused.
import { readdirSync, readFileSync } from "node:fs";
import { openPidfd } from "./libc.ts";

export interface Identity {
  readonly pid: number;
  /** When the kernel started it; only equality and (on Linux) order mean something. */
  readonly startTime: string;
}

export interface ProcessInfo extends Identity {
  readonly ppid: number;
  readonly pgid: number;
  readonly sid: number;
  /** One letter, as in proc_pid_stat(5): `Z` is dead and not yet waited for, `D` cannot be interrupted. */
  readonly state: string;
  readonly command: string;
}

const isLinux = process.platform === "linux";

/** Every process that can be seen. Source: proc_pid_stat(5); ps(1) where there is no /proc. */
export function listProcesses(): ProcessInfo[] {
  if (!isLinux) return listWithPs([]);
  const found: ProcessInfo[] = [];
  for (const name of readdirSync("/proc")) {
    const first = name.charCodeAt(0);
    if (first < 48 || first > 57) continue;
    const info = readStat(Number(name));
    if (info) found.push(info);
  }
  return found;
}

/** One process, or undefined when there is none with this pid. */
export function findProcess(pid: number): ProcessInfo | undefined {
  if (!Number.isSafeInteger(pid) || pid <= 0) return undefined;
  return isLinux ? readStat(pid) : listWithPs(["-p", String(pid)])[0];
}

/** True while the very process lives; a zombie is dead, another process with its pid is not it. */
export function isAlive(identity: Identity): boolean {
  const now = findProcess(identity.pid);
  return now !== undefined && now.startTime === identity.startTime && now.state !== "Z" && now.state !== "X";
}

/** Sends a signal to the very process and to no other; false when it is gone. Source: pidfd_open(2). */
export function signalProcess(identity: Identity, signal: NodeJS.Signals): boolean {
  if (identity.pid <= 1) return false;
  try {
    // Opened before the look: when the process is still the one meant, so is the descriptor, and stays it.
    using descriptor = isLinux ? openPidfd(identity.pid) : undefined;
    if (!isAlive(identity)) return false;
    return descriptor?.signal(signal) ?? process.kill(identity.pid, signal);
  } catch {
    return false;
  }
}

/** The pids of a process in its PID namespaces, ours first, its own last; empty when unknown. Source: proc_pid_status(5), NSpid. */
export function namespacePids(pid: number): number[] {
  try {
    const line = /^NSpid:\s+(.+)$/m.exec(readFileSync(`/proc/${pid}/status`, "latin1"))?.[1];
    return line?.split(/\s+/).map(Number) ?? [];
  } catch {
    return [];
  }
}

/** The environment a process was started with, as `NAME=value` strings; empty when it may not be read. Linux only. */
export function environmentOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/environ`, "latin1");
  } catch {
    return "";
  }
}

/** Bytes that a process holds in memory (resident set); undefined when it cannot be known. Source: proc_pid_status(5). Linux only. */
export function memoryOf(pid: number): number | undefined {
  try {
    const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "latin1"))?.[1];
    return kilobytes === undefined ? undefined : Number(kilobytes) * 1024;
  } catch {
    return undefined;
  }
}

/** The file behind a process's program and its first words, for messages; empty when unknown. */
export function commandLineOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ").trim();
  } catch {
    return findProcess(pid)?.command ?? "";
  }
}

function readStat(pid: number): ProcessInfo | undefined {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/stat`, "latin1");
  } catch {
    return undefined;
  }
  // The command stands in parentheses and may hold any byte, parentheses too: the last one closes it.
  const close = text.lastIndexOf(")");
  const fields = text.slice(close + 2).split(" ");
  return {
    pid,
    command: text.slice(text.indexOf("(") + 1, close),
    state: fields[0] ?? "?",
    ppid: Number(fields[1]),
    pgid: Number(fields[2]),
    sid: Number(fields[3]),
    startTime: fields[19] ?? "",
  };
}

/** macOS and other Unixes: ps(1). Windows has no sessions and no such ps: job objects take this place there. Not run on either. */
function listWithPs(selection: string[]): ProcessInfo[] {
  if (process.platform === "win32") return [];
  const ps = Bun.spawnSync(["ps", ...(selection.length ? selection : ["-A"]), "-o", "pid=,ppid=,pgid=,state=,lstart=,comm="], {
    env: { LC_ALL: "C", PATH: "/bin:/usr/bin" },
  });
  return ps.stdout
    .toString()
    .split("\n")
    .flatMap((line) => {
      const [, pid, ppid, pgid, state, startTime, command] =
        /^\s*(\d+)\s+(\d+)\s+(\d+)\s+(\S)\S*\s+(\S+\s+\S+\s+\S+\s+\S+\s+\S+)\s+(.*)$/.exec(line) ?? [];
      if (!pid) return [];
      return [
        {
          pid: Number(pid),
          ppid: Number(ppid),
          pgid: Number(pgid),
          sid: Number(pgid),
          state: state!,
          startTime: startTime!,
          command: command!,
        },
      ];
    });
}
