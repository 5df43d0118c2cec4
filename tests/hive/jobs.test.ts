// Jobs without a server: what a clock that is set and a reader that has read mean to them.
import { afterEach, expect, setSystemTime, test } from "bun:test";
import { Jobs } from "../../hive/jobs.ts";
import { temporaryDirectory, until } from "../harness.ts";

const HOUR = 3_600_000;
const LIMITS = { buildsAtOnce: 2, queued: 10, keptJobs: 10, keptMs: 7 * 24 * HOUR, journalBytes: 1 << 20, timeMs: () => 0 };

function openJobs(directory: string, run: () => Promise<unknown>): Jobs {
  return new Jobs({ directory, run, lane: () => ({}), limits: LIMITS });
}

afterEach(() => {
  setSystemTime();
});

test("a clock that is set back an hour while a job runs: it ends after it began, is kept, and is there after a restart", async () => {
  using place = temporaryDirectory();
  const done = Promise.withResolvers<void>();
  const jobs = openJobs(place.path, () => done.promise);
  const { job } = jobs.submit({ operation: "prune" });
  setSystemTime(Date.now() - HOUR);
  done.resolve();
  await job.ended;
  await until("it is put away", () => jobs.view(job.id).ended_at !== undefined);
  const { created_at, started_at, ended_at } = jobs.view(job.id);
  expect(started_at!).toBeGreaterThanOrEqual(created_at);
  expect(ended_at!).toBeGreaterThanOrEqual(started_at!);
  const next = openJobs(place.path, () => done.promise);
  expect(next.recover()).toEqual([]);
  expect(next.view(job.id)).toMatchObject({ state: "succeeded", ended_at: ended_at! });
});

test("an answer that somebody has read is let go; it does not lie in memory for others", async () => {
  using place = temporaryDirectory();
  const jobs = openJobs(place.path, async () => ({ workers: [] }));
  const { job } = jobs.submit({ operation: "worker_list_installed" });
  await job.ended;
  expect(jobs.view(job.id).state).toBe("succeeded");
  jobs.wasRead(job.id);
  await until("it is gone", () => isGone(jobs, job.id));
  expect(jobs.list()).toEqual([]);
});

function isGone(jobs: Jobs, id: string): boolean {
  try {
    jobs.view(id);
    return false;
  } catch {
    return true;
  }
}
