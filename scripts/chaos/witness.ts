// Looks at the machine from outside: never asks rbee, only /proc and the file system.
import { readdirSync, readFileSync, readlinkSync } from "node:fs";

export interface Seen {
  readonly pid: number;
  readonly state: string;
  readonly words: string;
}

/** Living processes that carry `label` among their words, in their environment or as their directory. */
export function processesWith(label: string): Seen[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .flatMap((name) => {
      const words = textOf(`/proc/${name}/cmdline`).replaceAll("\0", " ");
      const isMarked =
        words.includes(label) || textOf(`/proc/${name}/environ`).includes(label) || linkOf(`/proc/${name}/cwd`).includes(label);
      const state = /\) (\S)/.exec(textOf(`/proc/${name}/stat`))?.[1] ?? "X";
      return isMarked && state !== "Z" && state !== "X" ? [{ pid: Number(name), state, words: words.trim() }] : [];
    });
}

/** What lies in a directory; nothing when there is none. */
export function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}

/** Resident bytes of a process now, and the most it ever had. Source: proc_pid_status(5). */
export function residentBytes(pid: number): { now: number; most: number } {
  const status = textOf(`/proc/${pid}/status`);
  const kibibytes = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+)`, "m").exec(status)?.[1] ?? 0) * 1024;
  return { now: kibibytes("VmRSS"), most: kibibytes("VmHWM") };
}

function textOf(path: string): string {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return "";
  }
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return "";
  }
}
