// Watches how much memory the processes of a reading hold together: a limit for each of them alone would let many take the whole machine.
import { readFileSync } from "node:fs";
import type { ProcessTree } from "../../process-group.ts";

const EVERY_MS = 50;
const PAGE_BYTES = 4096;

/** Calls `onTooMuch` once the tree holds more than `bytes`. Ends with the disposal. */
export function watchMemory(tree: ProcessTree, bytes: number, onTooMuch: () => void): Disposable {
  const timer = setInterval(() => {
    if (residentBytes(tree) > bytes) onTooMuch();
  }, EVERY_MS);
  return { [Symbol.dispose]: () => clearInterval(timer) };
}

function residentBytes(tree: ProcessTree): number {
  return tree.members().reduce((sum, { pid }) => sum + residentPages(pid) * PAGE_BYTES, 0);
}

/** Second word of /proc/PID/statm, see proc(5); none for who is gone, or where there is no such file. */
function residentPages(pid: number): number {
  try {
    return Number(readFileSync(`/proc/${pid}/statm`, "utf8").split(" ")[1]);
  } catch {
    return 0;
  }
}
