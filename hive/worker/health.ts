// Whether a worker answers, and whether the one who answers is the process that we started.
import { closeSync, existsSync, openSync, readSync, statSync } from "node:fs";
import { listenersOn } from "../../lib/machine/listener.ts";
import { treeOf, type WorkerRecord } from "./record.ts";

const ANSWER_MS = 2_000;
const TAIL_BYTES = 4_096;
const TAIL_LINES = 20;

/** `yes` counts only from the process tree that we started; `stranger`: others listen there and none of it does. */
export async function healthOf(record: WorkerRecord, signal: AbortSignal): Promise<"yes" | "no" | "stranger"> {
  const says = await isHealthy(`${record.view.url}${record.health}`, signal);
  const whose = listensItself(record);
  return whose === "stranger" ? "stranger" : says && whose === "ours" ? "yes" : "no";
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

function listensItself(record: WorkerRecord): "ours" | "nobody" | "stranger" {
  const listeners = listenersOn(record.view.port);
  if (listeners === undefined) return "ours";
  if (listeners.length === 0) return "nobody";
  const members = new Set(
    treeOf(record)
      .members()
      .map(({ pid }) => pid),
  );
  return listeners.some((listener) => members.has(listener)) ? "ours" : "stranger";
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
