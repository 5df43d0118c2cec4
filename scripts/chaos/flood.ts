// Floods a hive: builds that print without end, a thousand readers, readers that do not read, ten thousand small jobs.
// bun scripts/chaos/flood.ts [--lines 1000000] [--readers 1000] [--jobs 10000]
import { join } from "node:path";
import { renderTable } from "../../lib/table.ts";
import { makeHome } from "../../tests/harness.ts";
import { writeRecipe } from "../../tests/recipes.ts";
import { numberFlag, percentile } from "./dice.ts";
import { type OwnHive, startOwnHive, submitInstall } from "./hive.ts";
import { residentBytes } from "./witness.ts";

interface FloodReport {
  readonly linesPerSecond: number;
  readonly linesSeen: number;
  readonly grownBytes: number;
  readonly firstEventMs: number;
  readonly faults: readonly string[];
  readonly table: string;
}

/** Half a line of a compiler's. */
const LINE = "cc -O2 -pipe -c source/file.c -o object/file.o";
/** So many requests are under way at once. */
const AT_ONCE = 16;

export async function chaosFlood({ lines, readers, jobs }: { lines: number; readers: number; jobs: number }): Promise<FloodReport> {
  await using home = makeHome();
  const catalog = join(home.path, "catalog");
  home.env.RBEE_CATALOG = catalog;
  writeRecipe(catalog, "flood", { build: `yes '${LINE}' | head -n ${lines}; yes '${LINE}' | head -n 1000 >&2` });
  writeRecipe(catalog, "warm");
  const hive = await startOwnHive(home);
  const faults: string[] = [];
  await ended(hive, await submitInstall(hive.client, "warm"));
  const before = residentBytes(hive.pid).now;
  const first = await readOnce(hive, await submitInstall(hive.client, "flood"));
  if (first.lines !== lines + 1_000) faults.push(`${first.lines} lines of ${lines + 1_000} came`);
  const afterOne = residentBytes(hive.pid).most;
  await readSlowly(hive, readers);
  const afterMany = residentBytes(hive.pid).most;
  const firstEvents = await smallJobs(hive, jobs);
  const afterJobs = residentBytes(hive.pid).most;
  const megabytes = (bytes: number) => `${((bytes - before) / 1e6).toFixed(0)} MB`;
  const linesPerSecond = Math.round(first.lines / (first.ms / 1_000));
  const firstEventMs = percentile(firstEvents, 0.5);
  const table = renderTable(
    [{ title: "WORK" }, { title: "FOUND" }, { title: "MEMORY GROWN BY, AT MOST" }],
    [
      [`${first.lines} lines to one reader`, `${linesPerSecond} lines/s`, megabytes(afterOne)],
      [`${readers} readers, every tenth does not read`, "", megabytes(afterMany)],
      [
        `${jobs} small jobs`,
        `first event after ${firstEventMs.toFixed(1)} ms (median), ${percentile(firstEvents, 0.99).toFixed(1)} ms (p99)`,
        megabytes(afterJobs),
      ],
    ],
  );
  return { linesPerSecond, linesSeen: first.lines, grownBytes: afterJobs - before, firstEventMs, faults, table };
}

/** One reader of a whole job: how many lines came, and how long it took from the first to the last. */
async function readOnce({ client }: OwnHive, job: string): Promise<{ lines: number; ms: number }> {
  let lines = 0;
  let from = 0;
  let to = 0;
  for await (const { event, data } of client.follow(job)) {
    if (event !== "log") continue;
    const own = data.lines.filter((line) => line === LINE).length;
    lines += own;
    if (own > 0) from ||= performance.now();
    to = performance.now();
  }
  return { lines, ms: to - from };
}

/** Many readers of one job; every tenth takes the first piece and then nothing while the others read. */
async function readSlowly(hive: OwnHive, readers: number): Promise<void> {
  const job = await submitInstall(hive.client, "flood", { force: true });
  const get = () => fetch(`${hive.url}/v1/jobs/${job}/stream`, { headers: { authorization: `Bearer ${hive.token}` } });
  const idle: Response[] = [];
  for (let count = 0; count < readers / 10; count++) idle.push(await get());
  await ended(hive, job);
  // All of them at once would measure this script's own memory.
  await inTurns(readers - idle.length, async () => {
    const response = await get();
    for await (const _ of response.body!);
  });
  await Promise.all(idle.map((response) => response.body?.cancel()));
}

/** Milliseconds from each POST to the first event of its stream. */
async function smallJobs({ client }: OwnHive, jobs: number): Promise<number[]> {
  const times: number[] = [];
  await inTurns(
    jobs,
    async (number) => {
      const from = performance.now();
      const { job_id } = await client.submit("worker_remove", { worker_id: `nothing-${number}` });
      for await (const _ of client.follow(job_id)) {
        times.push(performance.now() - from);
        break;
      }
    },
    (number) => (number < 100 ? 1 : AT_ONCE),
  );
  // Those of the first hundred came one after the other: what one person sees.
  return times.slice(0, 100);
}

async function inTurns(
  count: number,
  action: (number: number) => Promise<void>,
  width: (number: number) => number = () => AT_ONCE,
): Promise<void> {
  let next = 0;
  while (next < count) await Promise.all(Array.from({ length: Math.min(width(next), count - next) }, () => action(next++)));
}

async function ended({ client }: OwnHive, job: string): Promise<void> {
  while (!(await client.job(job)).ended_at) await Bun.sleep(20);
}

if (import.meta.main) {
  const report = await chaosFlood({
    lines: numberFlag("lines", 1_000_000),
    readers: numberFlag("readers", 1_000),
    jobs: numberFlag("jobs", 10_000),
  });
  for (const fault of report.faults) console.log(fault);
  console.log(report.table);
  process.exit(report.faults.length > 0 ? 1 : 0);
}
