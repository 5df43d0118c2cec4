// A short, seeded run of each chaos script. The long ones and their figures: docs/reliability.md.
import { expect, test } from "bun:test";
import { join } from "node:path";
import { chaosCancel } from "../../scripts/chaos/cancel.ts";
import { chaosCrash } from "../../scripts/chaos/crash.ts";
import { chaosFlood } from "../../scripts/chaos/flood.ts";
import { chaosRestart } from "../../scripts/chaos/restart.ts";
import { chaosScale } from "../../scripts/chaos/scale.ts";
import { root } from "../harness.ts";

/** Far more than any of them takes: a busy machine is not a defect. */
const LIMIT_MS = 120_000;

test(
  "nasty builds, ended in every way, leave no process and no directory",
  async () => {
    expect((await chaosCancel(10, 4)).faults).toEqual([]);
  },
  LIMIT_MS,
);

test(
  "a hive killed at any moment leaves nothing broken, and all that was acknowledged is true",
  async () => {
    expect((await chaosCrash(5, 2)).faults).toEqual([]);
  },
  LIMIT_MS,
);

test(
  "jobs that ran when their hive was killed are interrupted, workers that live are adopted",
  async () => {
    expect((await chaosRestart(20, 3)).faults).toEqual([]);
  },
  LIMIT_MS,
);

test(
  "a flood of lines arrives whole, also beside readers that do not read",
  async () => {
    const report = await chaosFlood({ lines: 50_000, readers: 20, jobs: 20 });
    expect(report.faults).toEqual([]);
    expect(report.linesSeen).toBe(51_000);
  },
  LIMIT_MS,
);

test(
  "everything is listed in a full house",
  async () => {
    const { lists } = await chaosScale({ entries: 50, workers: 20, jobs: 300, models: 20 }, 0);
    const lengths = Object.fromEntries(lists.map(({ name, length }) => [name, length]));
    expect(lengths).toMatchObject({ "worker list": 20, "model list": 20, "job list": 300 });
  },
  LIMIT_MS,
);

test.skipIf(!canMount())(
  "a full disk is told clearly, loses nothing, and the next try works",
  () => {
    const script = Bun.spawnSync([process.execPath, join(root, "scripts/chaos/disk.ts"), "--step", "120", "--most", "360"]);
    expect(script.stderr.toString()).toBe("");
    expect(script.stdout.toString()).toMatch(/^faults +0$/m);
  },
  LIMIT_MS,
);

function canMount(): boolean {
  const mapping = process.getuid?.() === 0 ? [] : ["--user", "--map-root-user"];
  const command = ["unshare", ...mapping, "--mount", "--", "mount", "-t", "tmpfs", "tmpfs", "/mnt"];
  return Bun.which("unshare") !== null && Bun.spawnSync(command).exitCode === 0;
}
