// A full house: a catalog of thousands of entries, hundreds of installed workers, ten thousand ended jobs, a thousand models.
// bun scripts/chaos/scale.ts [--entries 5000] [--workers 500] [--jobs 10000] [--models 1000]
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { renderTable } from "../../lib/table.ts";
import { type Home, makeHome } from "../../tests/harness.ts";
import { makeEntry, writeRecipe } from "../../tests/recipes.ts";
import { numberFlag, percentile } from "./dice.ts";
import { startOwnHive } from "./hive.ts";
import { residentBytes } from "./witness.ts";

interface Sizes {
  readonly entries: number;
  readonly workers: number;
  readonly jobs: number;
  readonly models: number;
}

interface ScaleReport {
  readonly startMs: number;
  readonly residentBytes: number;
  /** The same after a rest. */
  readonly restingBytes: number;
  /** What each list has, and the median of its times. */
  readonly lists: readonly { readonly name: string; readonly length: number; readonly ms: number }[];
  readonly table: string;
}

const LOOKS = 5;
/** Until the garbage of the lists is gone: what a hive has that nobody asks anything. */
const REST_MS = 15_000;
/** Jobs that are timed at the end: the cost of one more. */
const MORE_JOBS = 20;

export async function chaosScale(sizes: Sizes, restMs = REST_MS): Promise<ScaleReport> {
  await using home = makeHome({ RBEE_KEEP_JOBS: String(sizes.jobs + 1_000) });
  fill(home, sizes);
  const hive = await startOwnHive(home);
  const { client } = hive;
  const lists = [
    await timed("worker available", async () => (await client.run("worker_catalog_list", {})).workers.length),
    await timed("worker list", async () => (await client.run("worker_list_installed", {})).workers.length),
    await timed("job list", async () => (await client.jobs()).jobs.length),
    await timed("model list", async () => (await client.run("model_list", {})).models.length),
    await timed("one more job", async () => {
      for (let count = 0; count < MORE_JOBS; count++) {
        const { job_id } = await client.submit("worker_remove", { worker_id: "nothing" });
        for await (const _ of client.follow(job_id));
      }
      return MORE_JOBS;
    }),
  ];
  const resident = residentBytes(hive.pid).now;
  await Bun.sleep(restMs);
  const resting = residentBytes(hive.pid).now;
  const rows = [
    ["start", "", `${hive.startMs.toFixed(0)} ms`],
    ...lists.map(({ name, length, ms }) => [
      name,
      String(length),
      name === "one more job" ? `${(ms / MORE_JOBS).toFixed(1)} ms each` : `${ms.toFixed(0)} ms`,
    ]),
    ["resident after all of this", "", `${(resident / 1e6).toFixed(0)} MB`],
    [`resident ${restMs / 1_000} s later`, "", `${(resting / 1e6).toFixed(0)} MB`],
  ];
  const table = renderTable([{ title: "WHAT" }, { title: "LENGTH" }, { title: "FOUND (MEDIAN)" }], rows);
  return { startMs: hive.startMs, residentBytes: resident, restingBytes: resting, lists, table };
}

async function timed(name: string, look: () => Promise<number>) {
  const times: number[] = [];
  let length = 0;
  for (let count = 0; count < LOOKS; count++) {
    const from = performance.now();
    length = await look();
    times.push(performance.now() - from);
  }
  return { name, length, ms: percentile(times, 0.5) };
}

function fill(home: Home, { entries, workers, jobs, models }: Sizes): void {
  const catalog = join(home.path, "catalog");
  home.env.RBEE_CATALOG = catalog;
  for (let number = 0; number < entries; number++) writeRecipe(catalog, `worker-${number}`);
  for (let number = 0; number < workers; number++) installByHand(join(home.path, "system"), `worker-${number}`);
  for (let number = 0; number < jobs; number++) writeJob(join(home.path, "state/jobs"), number);
  for (let number = 0; number < models; number++) addModelByHand(join(home.path, "data"), `model-${number}`);
}

/** What taking in a model leaves. */
function addModelByHand(data: string, id: string): void {
  const directory = join(data, "models", id);
  mkdirSync(directory, { recursive: true });
  mkdirSync(join(data, "model-records"), { recursive: true });
  const path = join(directory, `${id}.gguf`);
  writeFileSync(path, "GGUF");
  const value = { id, path, size_bytes: 4, format: "gguf", added_at: 1, source: path, kept: "linked" };
  writeFileSync(join(data, "model-records", `${id}.json`), JSON.stringify({ format: 1, value }));
}

/** What an install leaves, without building. */
function installByHand(prefix: string, id: string): void {
  const tree = join(prefix, "lib/rbee/workers", id, "1.0.0-0123456789ab");
  mkdirSync(join(tree, "bin"), { recursive: true });
  mkdirSync(join(prefix, "bin"), { recursive: true });
  mkdirSync(join(prefix, "lib/rbee/catalog"), { recursive: true });
  writeFileSync(join(tree, "bin", id), "#!/bin/sh\n", { mode: 0o755 });
  const binary = join(prefix, "bin", id);
  symlinkSync(`../lib/rbee/workers/${id}/1.0.0-0123456789ab/bin/${id}`, binary);
  const value = {
    id,
    name: `Test ${id}`,
    version: "1.0.0",
    digest: "0123456789ab".padEnd(64, "0"),
    worker_type: "cpu",
    binary,
    tree,
    prefix,
    origin: "test",
    size_bytes: 10,
    files: 1,
    installed_at: 1,
    entry: makeEntry(id),
  };
  writeFileSync(join(prefix, "lib/rbee/catalog", `${id}.json`), JSON.stringify({ format: 1, value }));
}

/** A job as a hive leaves it when it has ended. */
function writeJob(directory: string, number: number): void {
  const id = number.toString(16).padStart(16, "0");
  const at = Date.now() - 1_000_000 + number;
  const operation = { operation: "worker_remove", worker_id: `worker-${number}` };
  mkdirSync(join(directory, id), { recursive: true });
  const journal = `id: 1\nevent: state\ndata: ${JSON.stringify({ state: "queued", at, job_id: id, operation })}\n\nid: 2\nevent: state\ndata: ${JSON.stringify({ state: "succeeded", at })}\n\nid: 3\ndata: [DONE]\n\n`;
  writeFileSync(join(directory, id, "journal.sse"), journal);
  const view = { job_id: id, state: "succeeded", operation, created_at: at, ended_at: at };
  writeFileSync(join(directory, id, "view.json"), JSON.stringify(view));
}

if (import.meta.main) {
  const { table } = await chaosScale({
    entries: numberFlag("entries", 5_000),
    workers: numberFlag("workers", 500),
    jobs: numberFlag("jobs", 10_000),
    models: numberFlag("models", 1_000),
  });
  console.log(table);
}
