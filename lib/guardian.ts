// rbee re-executed as the parent of one command: adopts what the command leaves behind, ends it all when the command or the hive ends.
import { dlopen, FFIType, type Pointer } from "bun:ffi";
import { constants } from "node:os";
import { listProcesses, type ProcessInfo, signalProcess } from "./process-table.ts";

/** The first argument that makes rbee a guardian; what follows is the command. */
export const GUARDIAN = "__guardian";

/** Source: prctl(2), linux/prctl.h; waitpid(2). */
const PR_SET_PDEATHSIG = 1;
const PR_SET_CHILD_SUBREAPER = 36;
const WNOHANG = 1;
const PAUSE_MS = 5;
const REAP_MS = 200;

/** Runs the command to its end, then ends what it left. Returns the exit code, 128 + N for signal N as shells do; 126 when it cannot be started. */
export async function guard(command: readonly string[]): Promise<number> {
  const hive = process.ppid;
  const libc = openLibc();
  libc.prctl(PR_SET_CHILD_SUBREAPER, BigInt(1));
  libc.prctl(PR_SET_PDEATHSIG, BigInt(constants.signals.SIGHUP));
  const orphaned = Promise.withResolvers<void>();
  process.on("SIGHUP", orphaned.resolve);
  // The hive ends the command; its guardian leaves when that is done.
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => {});
  // It may have died before the kernel was asked to tell.
  if (process.ppid !== hive) return 137;
  const child = start(command);
  if (!child) return 126;
  const reaper = setInterval(() => reap(libc.waitpid, child.pid), REAP_MS);
  await Promise.race([child.exited, orphaned.promise]);
  clearInterval(reaper);
  await endDescendants(libc.waitpid, child.pid);
  return child.signalCode ? 128 + constants.signals[child.signalCode as NodeJS.Signals] : (child.exitCode ?? 137);
}

function start(command: readonly string[]) {
  try {
    return Bun.spawn([...command], { stdio: ["inherit", "inherit", "inherit"] });
  } catch {
    return undefined;
  }
}

/** Kills until two looks in a row find nothing. */
async function endDescendants(waitpid: Waitpid, child: number): Promise<void> {
  for (let emptyLooks = 0; emptyLooks < 2; ) {
    const living = descendants().filter(({ state }) => state !== "Z" && state !== "X");
    emptyLooks = living.length === 0 ? emptyLooks + 1 : 0;
    for (const process of living) signalProcess(process, "SIGKILL");
    reap(waitpid, child);
    await Bun.sleep(PAUSE_MS);
  }
}

function descendants(): ProcessInfo[] {
  const all = listProcesses();
  const found = new Set([process.pid]);
  for (let size = 0; size !== found.size; ) {
    size = found.size;
    for (const { pid, ppid } of all) if (found.has(ppid)) found.add(pid);
  }
  found.delete(process.pid);
  return all.filter(({ pid }) => found.has(pid));
}

/** Adopted children are waited for by pid, so that the command's own exit stays for Bun to collect. */
function reap(waitpid: Waitpid, child: number): void {
  for (const { pid, ppid, state } of listProcesses())
    if (ppid === process.pid && state === "Z" && pid !== child) waitpid(pid, null, WNOHANG);
}

type Waitpid = (pid: number, status: Pointer | null, options: number) => number;

function openLibc(): { prctl: (option: number, value: bigint) => number; waitpid: Waitpid } {
  const { i32, u64, ptr } = FFIType;
  const functions = {
    prctl: { args: [i32, u64, u64, u64, u64], returns: i32 },
    waitpid: { args: [i32, ptr, i32], returns: i32 },
  } as const;
  for (const name of ["libc.so.6", `libc.musl-${process.arch === "arm64" ? "aarch64" : "x86_64"}.so.1`, "libc.so"]) {
    try {
      const { symbols } = dlopen(name, functions);
      const none = BigInt(0);
      return { prctl: (option, value) => symbols.prctl(option, value, none, none, none), waitpid: symbols.waitpid };
    } catch {
      // The other C library's name is tried next.
    }
  }
  throw new Error("The C library cannot be opened");
}
