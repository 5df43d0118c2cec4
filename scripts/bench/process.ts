// What a process uses, as the kernel counts it. Source: proc(5).
import { readFileSync } from "node:fs";

/** Seconds of processor time so far: utime and stime, in ticks of 10 ms. */
export function cpuSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8")
    .replace(/\(.*\)/s, "x")
    .split(" ");
  return (Number(fields[13]) + Number(fields[14])) / 100;
}

/** Resident memory now, in MiB. */
export function residentMb(pid: number): number {
  return Math.round(Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]) / 1024);
}
