// rbee re-executed as the parent of one command: adopts what the command leaves behind, ends it all when the command or the hive ends.
import { constants } from "node:os";
import { openLibc, PR_SET_CHILD_SUBREAPER, PR_SET_PDEATHSIG, WNOHANG } from "./libc.ts";
import { listProcesses, type ProcessInfo, signalProcess } from "./table.ts";

/** The first argument that makes rbee a guardian; what follows is the command. */
export const GUARDIAN = "__guardian";

const PAUSE_MS = 5;
const REAP_MS = 200;

/** Runs the command to its end, then ends what it left. Returns the exit code, 128 + N for signal N as shells do; 126 when it cannot be started. */
export async function guard(command: readonly string[]): Promise<number> {
  const hive = process.ppid;
  const libc = openLibc();
  libc.prctl(PR_SET_CHILD_SUBREAPER, 1);
  libc.prctl(PR_SET_PDEATHSIG, constants.signals.SIGHUP);
  const orphaned = Promise.withResolvers<void>();
  process.on("SIGHUP", orphaned.resolve);
  // The hive ends the command; its guardian leaves when that is done.
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => {});
  // It may have died before the kernel was asked to tell.
  if (process.ppid !== hive) return 137;
  const child = start(command);
  if (!child) return 126;
  const reaper = setInterval(() => reap(child.pid), REAP_MS);
  await Promise.race([child.exited, orphaned.promise]);
  clearInterval(reaper);
  await endDescendants(child.pid);
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
async function endDescendants(child: number): Promise<void> {
  for (let emptyLooks = 0; emptyLooks < 2; ) {
    const living = descendants().filter(({ state }) => state !== "Z" && state !== "X");
    emptyLooks = living.length === 0 ? emptyLooks + 1 : 0;
    for (const process of living) signalProcess(process, "SIGKILL");
    reap(child);
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
function reap(child: number): void {
  for (const { pid, ppid, state } of listProcesses())
    if (ppid === process.pid && state === "Z" && pid !== child) openLibc().waitpid(pid, null, WNOHANG);
}
