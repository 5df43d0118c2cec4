// Installs recipes that hide their processes in every way, ends them at a random moment in every way, and looks from outside what is left.
// bun scripts/chaos/cancel.ts [--runs 1000] [--seed 1] [--means "pid namespace"|cgroup|guardian|"process group"]
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { HiveClient } from "../../lib/client.ts";
import { RbeeError } from "../../lib/errors.ts";
import { renderTable } from "../../lib/table.ts";
import { type Home, makeHome, rbeeCommand } from "../../tests/harness.ts";
import { writeRecipe } from "../../tests/recipes.ts";
import { type Dice, dice, numberFlag, percentile, textFlag } from "./dice.ts";
import { startOwnHive, submitInstall } from "./hive.ts";
import { withNasty } from "./nasty.ts";
import { processesWith } from "./witness.ts";

/** Those whose processes obey SIGTERM, and those that do not. */
const OBEYING = [
  "plain",
  "setsid",
  "double-fork",
  "nohup",
  "env-clear",
  "env-clear-setsid",
  "daemon",
  "many",
  "open-pipe",
  "zombie",
  "stopped",
];
const STUBBORN = ["deaf", "deaf-daemon", "chain", "bomb"];
const ENDINGS = ["delete", "interrupt", "terminate", "hangup", "time-out", "leave", "fail"] as const;
type Ending = (typeof ENDINGS)[number];

const AT_ONCE = 2;
/** Some are ended before the build has begun, most while it runs. */
const LATEST_MS = 900;
/** Far beyond the grace: an answer this late is not a busy machine any more. */
const LONGEST_MS = 1_500;
const EXIT_CODES: Readonly<Record<Ending, number>> = {
  delete: 130,
  interrupt: 130,
  terminate: 143,
  hangup: 129,
  "time-out": 124,
  leave: 0,
  fail: 1,
};

interface Run {
  readonly ending: Ending;
  readonly obeys: boolean;
  /** From the request to the answer, for DELETE. */
  readonly answerMs?: number;
  /** The build had begun when the end came. */
  readonly wasBuilding: boolean;
  /** What was found wrong, in words. */
  readonly faults: readonly string[];
}

interface CancelReport {
  readonly runs: readonly Run[];
  readonly faults: readonly string[];
  readonly table: string;
}

/** Runs the whole of it in a home of its own. */
export async function chaosCancel(runs: number, seed: number, means?: string): Promise<CancelReport> {
  await using home = makeHome(means ? { RBEE_PROCESS_MEANS: means } : {});
  const catalog = join(home.path, "catalog");
  home.env.RBEE_CATALOG = catalog;
  const throws = dice(seed);
  const plans = Array.from({ length: runs }, (_, index) => plan(catalog, `nasty-${seed}-${index}`, throws));
  const hive = await startOwnHive(home);
  const done: Run[] = [];
  const queue = plans.entries();
  const work = async () => {
    for (const [, each] of queue) done.push(await runOne(home, hive.client, each));
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  const left = processesWith(join(home.path, "cache/build"));
  const faults = [...done.flatMap((run) => run.faults), ...left.map(({ pid, words }) => `lives at the end: ${pid} ${words}`)];
  return { runs: done, faults, table: tableOf(done, faults.length) };
}

interface Plan {
  readonly id: string;
  readonly ending: Ending;
  readonly obeys: boolean;
  readonly afterMs: number;
}

/** Writes one recipe that does two to four tricks. */
function plan(catalog: string, id: string, throws: Dice): Plan {
  // The end that is measured comes as often as all others together.
  const ending = throws.next() < 0.5 ? "delete" : throws.pick(ENDINGS);
  const obeys = throws.next() < 0.5;
  const tricks = Array.from({ length: throws.whole(2, 4) }, () => throws.pick(OBEYING));
  if (!obeys) tricks.push(throws.pick(STUBBORN));
  if (ending === "leave" || ending === "fail") tricks.push(ending);
  writeRecipe(catalog, id, { ...withNasty, build: `bash "$srcdir/nasty.sh" "$srcdir" ${tricks.join(" ")}` });
  return { id, ending, obeys, afterMs: throws.whole(0, LATEST_MS) };
}

async function runOne(home: Home, client: HiveClient, plan: Plan): Promise<Run> {
  return plan.ending === "delete" ? runDelete(home, client, plan) : runCommand(home, client, plan);
}

/** The job by HTTP alone: what is asked is when DELETE answers, and whether the tree was dead then. */
async function runDelete(home: Home, client: HiveClient, { id, obeys, afterMs }: Plan): Promise<Run> {
  const job_id = await submitInstall(client, id);
  await Bun.sleep(afterMs);
  const wasBuilding = (await client.job(job_id)).step?.name === "Build";
  const from = performance.now();
  let answer = "";
  try {
    answer = (await client.cancel(job_id)).status;
  } catch (error) {
    answer = error instanceof RbeeError ? error.code : String(error);
  }
  const answerMs = performance.now() - from;
  const faults = leftOf(home, job_id);
  if (answerMs > LONGEST_MS) faults.push(`${id}: DELETE answered after ${answerMs.toFixed(0)} ms`);
  if (answer !== "cancelled") faults.push(`${id}: DELETE answered ${answer}`);
  return { ending: "delete", obeys, answerMs, wasBuilding, faults };
}

async function runCommand(home: Home, client: HiveClient, { id, ending, obeys, afterMs }: Plan): Promise<Run> {
  const seconds = Math.max(1, Math.round(afterMs / 500));
  const words = ["worker", "download", id, "--yes", ...(ending === "time-out" ? ["--timeout", `${seconds}s`] : [])];
  const isHangup = ending === "hangup";
  const command = Bun.spawn([...rbeeCommand, ...words], {
    env: home.env,
    ...(isHangup ? { terminal: { cols: 80, rows: 24 } } : { stdin: "ignore", stdout: "ignore", stderr: "ignore" }),
  });
  let job = await jobOf(client, id);
  await Bun.sleep(afterMs);
  const wasBuilding = job ? (await client.job(job)).step?.name === "Build" : false;
  if (ending === "interrupt") command.kill("SIGINT");
  if (ending === "terminate") command.kill("SIGTERM");
  if (isHangup) command.terminal?.close();
  const code = await command.exited;
  job ??= await jobOf(client, id);
  const faults = job ? leftOf(home, job) : [`${id}: no job was made`];
  if (code !== EXIT_CODES[ending]) faults.push(`${id}: ${ending} ended with exit code ${code}`);
  return { ending, obeys, wasBuilding, faults };
}

/** The job of an install that a command asked for; undefined when it does not appear. */
async function jobOf(client: HiveClient, id: string): Promise<string | undefined> {
  const deadline = performance.now() + 5_000;
  while (performance.now() < deadline) {
    const { jobs } = await client.jobs();
    const job = jobs.find(({ operation }) => operation.worker_id === id);
    if (job) return job.job_id;
    await Bun.sleep(10);
  }
  return undefined;
}

/** Every process and directory that a job should not have left. */
function leftOf(home: Home, job: string): string[] {
  const directory = join(home.path, "cache/build", job);
  const processes = processesWith(job).map(({ pid, state, words }) => `${job}: process ${pid} (${state}) lives: ${words}`);
  return existsSync(directory) ? [...processes, `${job}: ${directory} is still there`] : processes;
}

function tableOf(runs: readonly Run[], faults: number): string {
  const rows = ENDINGS.map((ending) => {
    const these = runs.filter((run) => run.ending === ending);
    const building = these.filter(({ wasBuilding }) => wasBuilding).length;
    return [ending, String(these.length), String(building), String(these.flatMap((run) => run.faults).length)];
  });
  const answers = (obeys: boolean) =>
    runs.filter((run) => run.wasBuilding && run.obeys === obeys).flatMap(({ answerMs }) => answerMs ?? []);
  const row = (name: string, values: number[]) => [
    name,
    String(values.length),
    ...[0.5, 0.99, 1].map((part) => `${percentile(values, part).toFixed(0)} ms`),
  ];
  const first = renderTable([{ title: "ENDED BY" }, { title: "RUNS" }, { title: "WHILE BUILDING" }, { title: "FAULTS" }], rows);
  const second = renderTable(
    [{ title: "DELETE TO ANSWER" }, { title: "RUNS" }, { title: "P50" }, { title: "P99" }, { title: "MOST" }],
    [row("children obey SIGTERM", answers(true)), row("some do not", answers(false))],
  );
  return `${first}\n\n${second}\n\n${runs.length} runs, ${faults} processes, directories or answers were not as promised`;
}

if (import.meta.main) {
  const { table, faults } = await chaosCancel(numberFlag("runs", 1_000), numberFlag("seed", 1), textFlag("means"));
  for (const fault of faults) console.log(fault);
  console.log(table);
  process.exit(faults.length > 0 ? 1 : 0);
}
