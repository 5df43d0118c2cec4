// How a job is called, what its state looks like, and how to run it again.
import type { HiveClient } from "../../../lib/client.ts";
import type { JobState, JobView } from "../../../lib/contract/events.ts";
import type { InputWritten, OperationName } from "../../../lib/contract/operations.ts";
import { texts } from "../texts.ts";

const LOOKS: Readonly<Record<JobState, string>> = {
  queued: "",
  running: "busy",
  cancelling: "warn",
  succeeded: "good",
  failed: "bad",
  cancelled: "",
  timed_out: "bad",
  interrupted: "bad",
};

/** `Install llama-node-cpu`. */
export function describeJob(operation: JobView["operation"]): string {
  const { operation: name, worker_id, worker, model, id, prompt } = operation as Record<string, unknown>;
  const about = worker_id ?? worker ?? model ?? id ?? (typeof prompt === "string" ? `“${prompt.slice(0, 60)}”` : "");
  // Of a path its last part is enough to know it by.
  const short = String(about).startsWith("/") ? String(about).slice(String(about).lastIndexOf("/") + 1) : String(about);
  return `${texts.jobs.operations[String(name)] ?? String(name)} ${short}`.trim();
}

export function StateBadge({ state }: { state: JobState }) {
  return <span className={`badge ${LOOKS[state]}`}>{texts.jobs.states[state]}</span>;
}

/** The same operation as a new job; its id. */
export async function rerun(client: HiveClient, { operation, timeout, ...input }: JobView["operation"]): Promise<string> {
  // The journal keeps a limit in milliseconds, who asks writes a time.
  const limit = typeof timeout === "number" ? { timeout: `${timeout}ms` } : {};
  const name = operation as OperationName;
  return (await client.submit(name, { ...input, ...limit } as InputWritten<OperationName>)).job_id;
}
