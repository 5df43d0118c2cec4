// The life of a job as a table. Only hive/job.ts writes a state.
import type { JobState } from "../lib/contract/events.ts";

const NEXT: Readonly<Record<JobState, readonly JobState[]>> = {
  queued: ["running", "cancelling", "interrupted"],
  running: ["cancelling", "succeeded", "failed", "interrupted"],
  // A tree that cannot be ended makes a cancelled job fail: CANCEL_INCOMPLETE.
  cancelling: ["cancelled", "timed_out", "failed", "interrupted"],
  succeeded: [],
  failed: [],
  cancelled: [],
  timed_out: [],
  interrupted: [],
};

export function hasEnded(state: JobState): boolean {
  return NEXT[state].length === 0;
}

/** @returns `to`. Throws when the table has no such way: that is a bug. */
export function nextState(from: JobState, to: JobState): JobState {
  if (!NEXT[from].includes(to)) throw new Error(`A job cannot go from ${from} to ${to}`);
  return to;
}
