// The start after the worst end: a hive that was killed while a thousand jobs ran and fifty workers served.
// bun scripts/chaos/restart.ts [--jobs 1000] [--workers 50]
import { mkdirSync, openSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { findProcess, signalProcess } from "../../lib/process/table.ts";
import { renderTable } from "../../lib/table.ts";
import { type Home, makeHome } from "../../tests/harness.ts";
import { numberFlag } from "./dice.ts";
import { startOwnHive } from "./hive.ts";

interface RestartReport {
  readonly startMs: number;
  readonly faults: readonly string[];
  readonly table: string;
}

export async function chaosRestart(jobs: number, workers: number): Promise<RestartReport> {
  await using home = makeHome();
  for (let number = 0; number < jobs; number++) writeRunningJob(join(home.path, "state/jobs"), number);
  await using living = startWorkers(home, workers);
  const hive = await startOwnHive(home);
  const { jobs: listed } = await hive.client.jobs();
  const { processes } = await hive.client.run("worker_process_list", {});
  const interrupted = listed.filter(({ state, error }) => state === "interrupted" && error?.code === "INTERRUPTED").length;
  const adopted = processes.filter(({ pid, state }) => state === "ready" && living.pids.includes(pid)).length;
  const kept = Math.min(jobs, KEPT);
  const faults = [
    ...(interrupted === kept ? [] : [`${interrupted} of ${kept} jobs are said to be interrupted`]),
    ...(adopted === workers ? [] : [`${adopted} of ${workers} workers were adopted`]),
  ];
  await hive.client.shutdown();
  const rows = [[`${jobs} jobs that ran, ${workers} workers that live`, `${hive.startMs.toFixed(0)} ms`, String(faults.length)]];
  return { startMs: hive.startMs, faults, table: renderTable([{ title: "LEFT" }, { title: "START" }, { title: "FAULTS" }], rows) };
}

/** Of `keep_jobs`, when nobody sets it. */
const KEPT = 200;

/** A job as a hive leaves it that dies while it builds. */
function writeRunningJob(directory: string, number: number): void {
  const id = number.toString(16).padStart(16, "0");
  const at = Date.now() - 1_000_000 + number;
  const operation = { operation: "worker_install", worker_id: `worker-${number}` };
  const events = [
    ["state", { state: "queued", at, job_id: id, operation }],
    ["state", { state: "running", at }],
    ["step", { index: 9, total: 14, name: "Build", status: "running" }],
    ...Array.from({ length: 50 }, () => ["log", { stream: "stdout", lines: ["cc -O2 -pipe -c source/file.c -o object/file.o"] }] as const),
  ];
  const journal = events.map(([event, data], index) => `id: ${index + 1}\nevent: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
  mkdirSync(join(directory, id), { recursive: true });
  writeFileSync(join(directory, id, "journal.sse"), journal.join(""));
}

/** Workers as a hive leaves them: sleeping programs, each with a record that proves whose it is. */
function startWorkers(home: Home, count: number): AsyncDisposable & { readonly pids: readonly number[] } {
  const directory = join(home.path, "state/processes");
  mkdirSync(directory, { recursive: true });
  const programs = Array.from({ length: count }, (_, index) => {
    const nonce = `nonce-${index}`;
    const log = join(directory, `${index + 1}.log`);
    const env = { PATH: process.env.PATH ?? "", RBEE_WORKER_NONCE: nonce, RBEE_TREE: `worker:${nonce}` };
    const program = Bun.spawn(["sleep", "600"], { env, detached: true, stdout: openSync(log, "w") });
    const identity = findProcess(program.pid)!;
    writeFileSync(
      join(directory, `${index + 1}.json`),
      JSON.stringify({ format: 1, value: recordOf(index + 1, { nonce, log, identity }) }),
    );
    return { program, identity };
  });
  return {
    pids: programs.map(({ program }) => program.pid),
    [Symbol.asyncDispose]: async () => {
      for (const { identity } of programs) signalProcess(identity, "SIGKILL");
      await Promise.all(programs.map(({ program }) => program.exited));
    },
  };
}

interface Made {
  readonly nonce: string;
  readonly log: string;
  readonly identity: { readonly pid: number; readonly startTime: string };
}

function recordOf(id: number, { nonce, log, identity }: Made) {
  const port = 7_840 + id;
  const place = { host: "127.0.0.1", port, url: `http://127.0.0.1:${port}` };
  const process = { pid: identity.pid, start_time: identity.startTime, started_at: Date.now(), log, keep_alive_ms: 0 };
  return {
    view: { id: String(id), state: "ready", worker_id: `worker-${id}`, version: "1.0.0", device: "cpu", ...place, ...process },
    nonce,
    token: "token",
    tree: "/nonexistent",
    health: "/health",
    api: "openai",
    parallel: 1,
    launch: { binary: "/bin/true", args: [], env: {}, slots: {}, more: [], limitMs: 0 },
  };
}

if (import.meta.main) {
  const { table, faults } = await chaosRestart(numberFlag("jobs", 1_000), numberFlag("workers", 50));
  for (const fault of faults) console.log(fault);
  console.log(table);
  process.exit(faults.length > 0 ? 1 : 0);
}
