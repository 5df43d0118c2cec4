// Every means that this machine has, against programs that hide in every way.
import { expect, test } from "bun:test";
import { join } from "node:path";
import { chooseMeans, type ProcessMeans } from "../../lib/process/means.ts";
import { limitInformation } from "../../lib/process/windows-job.ts";
import { endOrphans, ProcessTree } from "../../lib/process-group.ts";
import { processesWith } from "../../scripts/chaos/witness.ts";
import { root, until, untilSays } from "../harness.ts";

const self = [process.execPath, join(root, "cli/main.ts")];
const nasty = join(root, "tests/fixtures/programs/nasty.sh");
const names: ProcessMeans["name"][] = ["pid namespace", "cgroup", "guardian"];

/** What this machine cannot give is not tested here. */
const offered = names.flatMap((name) => {
  try {
    return [chooseMeans(self, name)];
  } catch {
    return [];
  }
});
const strong = offered.map((means) => [means.name, means] as const);

const MIXES: readonly string[] = [
  "plain setsid double-fork nohup env-clear env-clear-setsid daemon open-pipe stopped zombie",
  "deaf deaf-daemon many other-user",
  "chain bomb daemon",
];

let count = 0;
const nextLabel = () => `label-${process.pid}-${++count}`;

function start(tree: ProcessTree, label: string, tricks: string) {
  return tree.start([nasty, label, ...tricks.split(" ")], (argv) =>
    Bun.spawn([...argv], { detached: true, env: { PATH: process.env.PATH ?? "", ...tree.env }, stdout: "pipe", stderr: "ignore" }),
  );
}

for (const mix of MIXES) {
  test.each(strong)(`%s: ends ${mix}`, async (_, means) => {
    const label = nextLabel();
    const tree = new ProcessTree({ means, graceMs: 200 });
    const program = start(tree, label, mix);
    await untilSays(program.stdout, "ready");
    expect(processesWith(label).length).toBeGreaterThan(2);
    await tree.end();
    expect(processesWith(label)).toEqual([]);
  });
}

test.each(strong)("%s: what a program leaves behind ends with it, and its exit code is told", async (_, means) => {
  const label = nextLabel();
  await using tree = new ProcessTree({ means });
  const program = start(tree, label, "daemon deaf-daemon open-pipe plain fail");
  expect(await program.exited).toBe(3);
  await until("nothing is left", () => processesWith(label).length === 0);
});

test.each(strong)("%s: a hive that is killed takes its builds with it", async (_, means) => {
  const label = nextLabel();
  const command = [process.execPath, join(root, "tests/fixtures/programs/holder.ts"), means.name, label, nasty, label];
  const hive = Bun.spawn([...command, "setsid", "daemon", "deaf", "stopped"], { stdout: "pipe", stderr: "ignore" });
  await untilSays(hive.stdout, "ready");
  hive.kill("SIGKILL");
  await until("nothing is left", () => processesWith(label).length === 0);
});

test("process group: a hive that is killed leaves what the next start finds by its mark", async () => {
  const label = nextLabel();
  const command = [process.execPath, join(root, "tests/fixtures/programs/holder.ts"), "process group", label, nasty, label];
  const hive = Bun.spawn([...command, "setsid", "double-fork", "stopped"], { stdout: "pipe", stderr: "ignore" });
  await untilSays(hive.stdout, "ready");
  hive.kill("SIGKILL");
  await hive.exited;
  expect(await endOrphans(label, { graceMs: 200 })).toBeGreaterThan(2);
  expect(processesWith(label)).toEqual([]);
});

test("a means that is not to be had is refused, the usual one is the strongest", () => {
  expect(() => chooseMeans(self, "magic")).toThrow("magic");
  expect(chooseMeans(self).name).toBe(offered[0]?.name ?? "process group");
});

test("Windows: the job object's limits are one flag in a structure of the size that the kernel expects", () => {
  const bytes = limitInformation();
  expect(bytes.length).toBe(144);
  expect([...bytes.entries()].filter(([, value]) => value !== 0)).toEqual([[17, 0x20]]);
});
