// Jobs without a server: what a clock that is set and a reader that has read mean to them.
import { afterEach, expect, setSystemTime, test } from "bun:test";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Jobs } from "../../hive/jobs.ts";
import { temporaryDirectory, until } from "../harness.ts";

const HOUR = 3_600_000;
const LIMITS = { buildsAtOnce: 2, queued: 10, keptJobs: 10, keptMs: 7 * 24 * HOUR, journalBytes: 1 << 20, timeMs: () => 0 };

function openJobs(directory: string, run: () => Promise<unknown>, more: { onUnreadable?: (path: string) => void } = {}): Jobs {
  return new Jobs({ directory, run, lane: () => ({}), limits: LIMITS, ...more });
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

/** What lies in a job's directory, and whether it is set aside; what nobody was ever told of goes. */
const LEFT: readonly [what: string, files: Readonly<Record<string, string>>, isKept: boolean][] = [
  ["a first event that was cut off", { "journal.sse": "id: 1\nevent: sta" }, false],
  ["nothing", {}, false],
  ["an empty journal", { "journal.sse": "" }, false],
  ["a journal of something else", { "journal.sse": "\0\0\0\0 not ours" }, true],
  ["a journal whose first event is none of ours", { "journal.sse": "id: 1\nevent: state\ndata: {}\n\n" }, true],
  ["a view that is cut off, without a journal", { "view.json": '{"job_id":' }, true],
];

test.each(LEFT)("a start that finds %s of a job: it is set aside and named, or was never anybody's", (_, files, isKept) => {
  using place = temporaryDirectory();
  const directory = join(place.path, "0123456789abcdef");
  mkdirSync(directory);
  for (const [name, text] of Object.entries(files)) writeFileSync(join(directory, name), text);
  const named: string[] = [];
  const jobs = openJobs(place.path, async () => {}, { onUnreadable: (path) => named.push(path) });
  expect(jobs.recover()).toEqual([]);
  expect(named).toEqual(isKept ? [directory] : []);
  expect(readdirSync(place.path)).toEqual([...(isKept ? ["0123456789abcdef.unreadable"] : []), "format.json"]);
  for (const [name, text] of isKept ? Object.entries(files) : [])
    expect(readFileSync(join(`${directory}.unreadable`, name), "utf8")).toBe(text);
});

test("jobs that a newer rbee wrote are refused, and nothing of them is touched", () => {
  using place = temporaryDirectory();
  writeFileSync(join(place.path, "format.json"), '{"format":2}');
  mkdirSync(join(place.path, "0123456789abcdef"));
  expect(() => openJobs(place.path, async () => {}).recover()).toThrow("newer rbee (format 2, this one reads 1)");
  expect(readdirSync(place.path)).toHaveLength(2);
});

function isGone(jobs: Jobs, id: string): boolean {
  try {
    jobs.view(id);
    return false;
  } catch {
    return true;
  }
}
