// What a job tells while it runs, and the words for its states.
import { z } from "zod";

export const JobState = z.enum(["queued", "running", "cancelling", "succeeded", "failed", "cancelled", "timed_out", "interrupted"]);
export type JobState = z.infer<typeof JobState>;

export const ErrorData = z.object({ code: z.string(), message: z.string(), hint: z.string().optional(), data: z.unknown().optional() });

/** One event of a job. `at` is milliseconds since 1970. The unnamed last line of a stream (`[DONE]` …) is not one of these: see lib/sse. */
export const JobEvent = z.discriminatedUnion("event", [
  z.object({
    event: z.literal("state"),
    data: z.looseObject({ state: JobState, at: z.number(), job_id: z.string().optional(), operation: z.looseObject({}).optional() }),
  }),
  z.object({
    event: z.literal("step"),
    data: z.object({
      index: z.number(),
      total: z.number(),
      name: z.string(),
      status: z.enum(["running", "done", "failed", "cancelled", "skipped"]),
      ms: z.number().optional(),
    }),
  }),
  z.object({ event: z.literal("log"), data: z.object({ stream: z.enum(["stdout", "stderr"]), lines: z.array(z.string()) }) }),
  z.object({
    event: z.literal("progress"),
    data: z.object({ what: z.string(), done: z.number(), total: z.number().nullable(), unit: z.string() }),
  }),
  z.object({ event: z.literal("note"), data: z.object({ level: z.enum(["info", "warn"]), message: z.string() }) }),
  /** The job waits until somebody with the rights has run this; `elevation_answer` tells how it went. */
  z.object({ event: z.literal("elevate"), data: z.object({ command: z.array(z.string()) }) }),
  z.object({ event: z.literal("text"), data: z.object({ text: z.string() }) }),
  z.object({ event: z.literal("result"), data: z.unknown() }),
  z.object({ event: z.literal("error"), data: ErrorData }),
]);
export type JobEvent = z.infer<typeof JobEvent>;

export const JobView = z.object({
  job_id: z.string(),
  state: JobState,
  operation: z.looseObject({ operation: z.string() }),
  created_at: z.number(),
  started_at: z.number().optional(),
  ended_at: z.number().optional(),
  step: z.object({ index: z.number(), total: z.number(), name: z.string() }).optional(),
  result: z.unknown().optional(),
  error: ErrorData.optional(),
});
export type JobView = z.infer<typeof JobView>;

/** The unnamed last event of a stream, by the state that the job ended in. */
export function lastWord(state: JobState, message = ""): string {
  if (state === "succeeded") return "[DONE]";
  if (state === "cancelled") return "[CANCELLED]";
  return `[ERROR] ${message.replaceAll("\n", " ")}`;
}
