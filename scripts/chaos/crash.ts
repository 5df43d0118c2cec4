// Kills the hive at a random moment of installs, upgrades, rollbacks, removals, spawns and model downloads, starts it again, and looks whether all that was
// acknowledged is true and nothing is broken or left. bun scripts/chaos/crash.ts [--runs 1000] [--seed 1]
import { copyFileSync, existsSync, lstatSync, readlinkSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import type { HiveClient } from "../../lib/client.ts";
import type { InstalledWorker } from "../../lib/contract/views.ts";
import { renderTable } from "../../lib/table.ts";
import { type Home, makeHome, tinyModel } from "../../tests/harness.ts";
import { writeRecipe } from "../../tests/recipes.ts";
import { type Dice, dice, numberFlag, percentile } from "./dice.ts";
import { type OwnHive, recipeDigest, startOwnHive } from "./hive.ts";
import { withNasty } from "./nasty.ts";
import { namesIn, processesWith } from "./witness.ts";

const WORKERS = ["alpha", "beta", "gamma"];
/** Each of them is offered in one or the other. */
const VERSIONS = ["1.0.0", "2.0.0"];
/** Of `id@version`, asked once: an unanswered question would be asked again for half a minute. */
const digests = new Map<string, string>();
/** The hive is killed at the latest after so many times what its start took: on a busy machine the work takes longer as well. */
const LATEST_STARTS = 4;
const LATEST_MS = { atLeast: 1_000, atMost: 4_000 };
/** From the hive's death to the death of its builds, which nobody but the kernel or a guardian ends. */
const BUILDS_MS = 3_000;

/** What was acknowledged of one thing: `undefined` while nobody was told how it stands. */
type Facts = Map<string, "here" | "gone" | undefined>;

interface CrashReport {
  readonly faults: readonly string[];
  readonly startsMs: readonly number[];
  readonly table: string;
}

export async function chaosCrash(runs: number, seed: number): Promise<CrashReport> {
  await using home = makeHome();
  const throws = dice(seed);
  prepare(home);
  const facts: Facts = new Map();
  const counts = { install: 0, upgrade: 0, rollback: 0, remove: 0, spawn: 0, model: 0, acknowledged: 0 };
  const faults: string[] = [];
  const startsMs: number[] = [];
  let hive = await startOwnHive(home);
  for (const id of WORKERS)
    for (const version of VERSIONS) {
      offer(home, id, version);
      digests.set(`${id}@${version}`, (await recipeDigest(hive.client, id))!);
    }
  for (let run = 0; run < runs; run++) {
    const work = begin(home, hive.client, throws, facts, counts);
    await Bun.sleep(throws.next() * latestMs(hive));
    await hive.kill();
    await work;
    if (!(await areGone(join(home.path, "cache/build")))) faults.push(`run ${run}: a build outlived its hive`);
    hive = await startOwnHive(home);
    startsMs.push(hive.startMs);
    faults.push(...(await examine(home, hive, facts)).map((fault) => `run ${run}: ${fault}`));
  }
  return { faults, startsMs, table: tableOf(runs, counts, startsMs, faults.length) };
}

function latestMs({ startMs }: OwnHive): number {
  return Math.min(Math.max(startMs * LATEST_STARTS, LATEST_MS.atLeast), LATEST_MS.atMost);
}

function prepare(home: Home): void {
  home.env.RBEE_CATALOG = join(home.path, "catalog");
  for (const id of WORKERS) offer(home, id, VERSIONS[0]!);
}

function offer(home: Home, id: string, version: string): void {
  const serve = `BUN_BE_BUN=1 exec "$RBEE_BIN" -e 'Bun.serve({ port: Number(process.argv.at(-1)), fetch: () => new Response("ok") })' -- "$@"`;
  writeRecipe(join(home.path, "catalog"), id, {
    entry: { version, run: { args: ["{port}"], env: {}, health: "/", api: "none" } },
    ...withNasty,
    build: `bash "$srcdir/nasty.sh" "$srcdir" daemon setsid leave; sleep 0.05`,
    package: `install -d "$pkgdir/usr/bin"\n  cat >"$pkgdir/usr/bin/${id}" <<'PROGRAM'\n#!/bin/sh\n[ "$1" = --version ] && exec echo ${id} ${version}\n${serve}\nPROGRAM\n  chmod 755 "$pkgdir/usr/bin/${id}"`,
  });
}

/** Starts one to three things at once; what each is told goes into the facts. Resolves when all have been told or cut off. */
async function begin(home: Home, client: HiveClient, throws: Dice, facts: Facts, counts: Record<string, number>): Promise<void> {
  const kinds = Array.from({ length: throws.whole(1, 3) }, () => throws.pick(KINDS));
  const subjects = [...WORKERS].sort(() => throws.next() - 0.5);
  await Promise.all(
    kinds.map(async (kind, index) => {
      counts[kind]!++;
      const worker = subjects[index]!;
      const model = `model-${throws.whole(1, 1_000_000)}`;
      const subject = kind === "model" ? model : worker;
      const before = facts.get(subject);
      if (kind !== "spawn") facts.set(subject, undefined);
      try {
        await does[kind]({ home, client, throws }, subject);
        counts.acknowledged!++;
        if (kind !== "spawn") facts.set(subject, kind === "remove" ? "gone" : "here");
      } catch (error) {
        // A refusal changes nothing; a lost connection leaves it open.
        const code = (error as { code?: string }).code;
        if (code === "WORKER_RUNNING" || code === "NO_FORMER_VERSION") facts.set(subject, before);
        if (code === "WORKER_NOT_INSTALLED") facts.set(subject, "gone");
      }
    }),
  );
}

interface Round {
  readonly home: Home;
  readonly client: HiveClient;
  readonly throws: Dice;
}

const KINDS = ["install", "install", "upgrade", "rollback", "remove", "spawn", "model"] as const;

const does = {
  async install({ home, client, throws }: Round, id: string): Promise<void> {
    const recipe_digest = offerEither(home, throws, id);
    await toEnd(client, (await client.submit("worker_install", { worker_id: id, recipe_digest, force: throws.next() < 0.7 })).job_id);
  },
  async upgrade({ home, client, throws }: Round, id: string): Promise<void> {
    const recipe_digest = offerEither(home, throws, id);
    await toEnd(client, (await client.submit("worker_upgrade", { worker_id: id, recipe_digest })).job_id);
  },
  async rollback({ client }: Round, id: string): Promise<void> {
    await toEnd(client, (await client.submit("worker_rollback", { worker_id: id })).job_id);
  },
  async remove({ client }: Round, id: string): Promise<void> {
    const { job_id } = await client.submit("worker_remove", { worker_id: id, force: true });
    await toEnd(client, job_id);
  },
  async spawn({ client }: Round, worker: string): Promise<void> {
    await toEnd(client, (await client.submit("worker_spawn", { worker })).job_id);
  },
  async model({ home, client }: Round, name: string): Promise<void> {
    const file = join(home.path, `${name}.gguf`);
    copyFileSync(tinyModel, file);
    await toEnd(client, (await client.submit("model_download", { model: file })).job_id);
  },
};

function offerEither(home: Home, throws: Dice, id: string): string {
  const version = throws.pick(VERSIONS);
  offer(home, id, version);
  return digests.get(`${id}@${version}`)!;
}

/** Follows a job without trying again: the hive that is gone does not come back while it is asked. */
async function toEnd(client: HiveClient, job: string): Promise<void> {
  let failure: { code: string } | undefined;
  for await (const { event, data } of client.follow(job, { retryMs: 0 })) {
    if (event === "error") failure = data;
    if (event === "end" && failure) throw failure;
  }
}

async function areGone(label: string): Promise<boolean> {
  const deadline = performance.now() + BUILDS_MS;
  while (processesWith(label).length > 0) {
    if (performance.now() > deadline) return false;
    await Bun.sleep(5);
  }
  return true;
}

async function examine(home: Home, { client }: OwnHive, facts: Facts): Promise<string[]> {
  const faults: string[] = [];
  for (const name of namesIn(join(home.path, "cache/build"))) faults.push(`the build directory ${name} is still there`);
  const { workers } = await client.run("worker_list_installed", {});
  for (const id of WORKERS)
    faults.push(
      ...examineWorker(
        home,
        id,
        workers.filter((worker) => worker.id === id),
        facts.get(id),
      ),
    );
  const models = await client.run("model_list", {});
  const names = JSON.stringify(models);
  for (const [subject, fact] of facts)
    if (subject.startsWith("model-") && fact === "here" && !names.includes(subject)) faults.push(`the model ${subject} is lost`);
  const running = (await client.jobs()).jobs.filter(({ ended_at }) => ended_at === undefined);
  if (running.length > 0) faults.push(`${running.length} jobs are said to run`);
  faults.push(...(await examineProcesses(home, client)));
  return faults;
}

/** Link, trees and entry say the same; the binary runs in the active version; what was acknowledged is so. */
function examineWorker(home: Home, id: string, listed: readonly InstalledWorker[], fact: "here" | "gone" | undefined): string[] {
  const isListed = listed.length > 0;
  const active = listed.filter((worker) => worker.active);
  const link = join(home.path, "system/bin", id);
  const trees = namesIn(join(home.path, "system/lib/rbee/workers", id));
  const hasLink = lstatSync(link, { throwIfNoEntry: false }) !== undefined;
  const faults: string[] = [];
  if (fact === "here" && !isListed) faults.push(`${id} was installed and is not listed`);
  if (fact === "gone" && isListed) faults.push(`${id} was removed and is listed`);
  if (isListed !== hasLink) faults.push(`${id}: listed ${isListed}, linked ${hasLink}`);
  if (isListed && active.length !== 1) faults.push(`${id}: ${active.length} active versions`);
  const named = listed.map(({ tree }) => basename(tree)).sort();
  if (named.join(" ") !== trees.sort().join(" ")) faults.push(`${id}: listed ${named.join(" ")}, trees ${trees.join(" ")}`);
  if (hasLink && !existsSync(resolve(dirname(link), readlinkSync(link)))) faults.push(`${id}: its link leads nowhere`);
  else if (hasLink && Bun.spawnSync([link, "--version"]).stdout.toString() !== `${id} ${active[0]?.version}\n`)
    faults.push(`${id} does not run`);
  return faults;
}

/** Every worker process that lives is known, and every one that is said to run lives. They are ended here, so that the next round may remove. */
async function examineProcesses(home: Home, client: HiveClient): Promise<string[]> {
  const { processes } = await client.run("worker_process_list", {});
  const said = processes.filter(({ state }) => state === "ready" || state === "starting");
  const living = processesWith(join(home.path, "state/processes")).filter(({ words }) => words.includes("Bun.serve"));
  const unknown = living.filter(({ pid }) => !said.some((process) => process.pid === pid));
  const dead = said.filter(({ pid }) => !living.some((process) => process.pid === pid));
  await Promise.all(said.map(({ id }) => client.run("worker_process_delete", { id })));
  return [
    ...unknown.map(({ pid }) => `worker process ${pid} is known to nobody`),
    ...dead.map(({ pid }) => `worker process ${pid} is said to run`),
  ];
}

function tableOf(runs: number, counts: Record<string, number>, startsMs: readonly number[], faults: number): string {
  const work = Object.entries(counts)
    .map(([kind, count]) => `${count} ${kind}`)
    .join(", ");
  return renderTable(
    [{ title: "KILLED" }, { title: "DURING" }, { title: "START AFTERWARDS: P50" }, { title: "MOST" }, { title: "FAULTS" }],
    [[`${runs} times`, work, `${percentile(startsMs, 0.5).toFixed(0)} ms`, `${percentile(startsMs, 1).toFixed(0)} ms`, String(faults)]],
  );
}

if (import.meta.main) {
  const { faults, table } = await chaosCrash(numberFlag("runs", 1_000), numberFlag("seed", 1));
  for (const fault of faults) console.log(fault);
  console.log(table);
  process.exit(faults.length > 0 ? 1 : 0);
}
