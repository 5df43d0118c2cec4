// How many jobs there may be and how much is kept of them: the usual numbers, each a setting.
import { fail } from "../lib/errors.ts";
import type { JobLimits } from "./jobs.ts";

const DAY_MS = 86_400_000;

/** The limits with what `env` says otherwise. @throws USAGE for what is not a positive number. */
export function limitsFrom(env: Readonly<Record<string, string | undefined>>): JobLimits {
  const number = (name: string, usual: number) => {
    const written = env[name];
    if (written === undefined || written === "") return usual;
    const value = Number(written);
    if (!Number.isFinite(value) || value <= 0)
      throw fail("USAGE", { problem: `${name} must be a positive number, not "${written}"`, help: "" });
    return value;
  };
  return {
    buildsAtOnce: number("RBEE_BUILDS_AT_ONCE", 2),
    queued: number("RBEE_JOBS_QUEUED", 1_000),
    keptJobs: number("RBEE_JOBS_KEPT", 200),
    keptMs: number("RBEE_JOBS_KEPT_DAYS", 7) * DAY_MS,
    journalBytes: number("RBEE_JOURNAL_MIB", 64) * 2 ** 20,
  };
}
