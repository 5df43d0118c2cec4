// Whether a worker answers, and whether the one who answers is the process that we started.
import { closeSync, existsSync, openSync, readSync, statSync } from "node:fs";
import { listenersOn } from "../lib/listener.ts";
import { treeOf, type WorkerRecord } from "./worker-record.ts";

const ANSWER_MS = 2_000;
const TAIL_BYTES = 4_096;
const TAIL_LINES = 20;

/** A health answer counts only from the process tree that we started. */
export async function answers(record: WorkerRecord, signal: AbortSignal): Promise<boolean> {
  return (await isHealthy(`${record.view.url}${record.health}`, signal)) && listensItself(record);
}

async function isHealthy(url: string, signal: AbortSignal): Promise<boolean> {
  try {
    const response = await fetch(url, { signal: AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS)]) });
    await response.body?.cancel();
    return response.ok;
  } catch {
    return false;
  }
}

function listensItself(record: WorkerRecord): boolean {
  const listeners = listenersOn(record.view.port);
  if (listeners === undefined) return true;
  const members = new Set(
    treeOf(record)
      .members()
      .map(({ pid }) => pid),
  );
  return listeners.some((listener) => members.has(listener));
}

/** The end of a log, for an error. */
export function logTail(path: string): string[] {
  if (!existsSync(path)) return [];
  const size = statSync(path).size;
  const bytes = Buffer.alloc(Math.min(size, TAIL_BYTES));
  const file = openSync(path, "r");
  try {
    readSync(file, bytes, 0, bytes.length, size - bytes.length);
  } finally {
    closeSync(file);
  }
  return bytes.toString("utf8").trimEnd().split("\n").slice(-TAIL_LINES);
}
