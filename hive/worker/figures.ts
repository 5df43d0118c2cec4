// A worker process with its figures of now: memory, requests, tokens.
import type { WorkerProcess } from "../../lib/contract/views.ts";
import { isAlive, memoryOf } from "../../lib/process/table.ts";
import type { Hive } from "../hive.ts";

export function withFigures({ supervisor }: Hive, process: WorkerProcess): WorkerProcess {
  const bytes = memoryNow(process);
  return { ...process, ...(bytes === undefined ? {} : { memory_bytes: bytes }), usage: supervisor.usageOf(process.id) };
}

/** The pid alone could be somebody else's by now. */
function memoryNow({ ended_at, pid, start_time }: WorkerProcess): number | undefined {
  return ended_at === undefined && isAlive({ pid, startTime: start_time }) ? memoryOf(pid) : undefined;
}
