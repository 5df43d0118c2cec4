// Trees of real processes and their ends.
import { expect, test } from "bun:test";
import { mkdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { findProcess, isAlive, listProcesses, signalProcess } from "../../lib/process/table.ts";
import { type EndStage, endOrphans, ProcessTree } from "../../lib/process-group.ts";
import { until } from "../harness.ts";

const FREEZER = "/sys/fs/cgroup/freezer";

function start(tree: ProcessTree, script: string): Bun.Subprocess {
  const program = Bun.spawn(["bash", "-c", script], {
    detached: true,
    env: { PATH: process.env.PATH ?? "", ...tree.env },
    stdout: "ignore",
    stderr: "ignore",
  });
  tree.adopt(program.pid);
  return program;
}

const HIDING: readonly [what: string, script: string, processes: number][] = [
  ["plain children", "sleep 600 & sleep 600 & wait", 3],
  ["a child with its own session", "setsid sleep 600 & wait", 2],
  ["a double fork whose parents are gone", "(setsid sleep 600 &) ; (setsid sleep 600 &); sleep 600", 3],
  ["nohup", "nohup sleep 600 & wait", 2],
  ["a stopped child", "sleep 600 & kill -STOP $!; sleep 600", 2],
  ["a child that ignores SIGTERM", "(trap '' TERM; while :; do sleep 600; done) & wait", 3],
];

test.each(HIDING)("ends %s and leaves nothing", async (_, script, processes) => {
  const tree = new ProcessTree({ graceMs: 200 });
  start(tree, script);
  await until("all are there", () => tree.members().length >= processes);
  const seen = tree.members();
  await tree.end();
  expect(seen.filter(isAlive)).toEqual([]);
  expect(tree.members()).toEqual([]);
});

test("says what it does, and SIGKILL only when it was needed", async () => {
  const stages: EndStage["stage"][] = [];
  const tree = new ProcessTree({ graceMs: 2_000, onStage: ({ stage }) => stages.push(stage) });
  const leader = start(tree, "exec sleep 600");
  await until("it runs", () => tree.members().length === 1);
  await tree.end();
  expect(stages).toEqual(["killing", "sigterm"]);
  expect(isAlive({ pid: leader.pid, startTime: "" })).toBe(false);
});

test("a leader that is gone does not hide its children", async () => {
  const tree = new ProcessTree();
  const leader = start(tree, "sleep 600 & exit 0");
  await leader.exited;
  expect(tree.members().length).toBe(1);
  await tree.end();
  expect(tree.members()).toEqual([]);
});

test.if(canFreeze())("what cannot be killed is told with its pid, and ended by the next try once it can be", async () => {
  const freezer = join(FREEZER, `rbee-test-${process.pid}`);
  mkdirSync(freezer);
  const tree = new ProcessTree({ graceMs: 20, killMs: 100 });
  const program = start(tree, "exec sleep 600");
  writeFileSync(join(freezer, "cgroup.procs"), String(program.pid));
  writeFileSync(join(freezer, "freezer.state"), "FROZEN");
  try {
    await until("it is frozen", () => readFileSync(join(freezer, "freezer.state"), "utf8").startsWith("FROZEN"));
    expect(tree.end()).rejects.toMatchObject({ code: "CANCEL_INCOMPLETE", data: { pids: [program.pid] } });
    await tree.end().catch(() => {});
  } finally {
    writeFileSync(join(freezer, "freezer.state"), "THAWED");
  }
  await tree.end();
  expect(tree.members()).toEqual([]);
  await until("the group is empty", () => readFileSync(join(freezer, "cgroup.procs"), "utf8") === "");
  rmdirSync(freezer);
});

test("an abort begins the end at once; the disposal waits for it", async () => {
  const abort = new AbortController();
  let program: Bun.Subprocess;
  {
    await using tree = new ProcessTree({ signal: abort.signal });
    program = start(tree, "exec sleep 600");
    abort.abort();
  }
  expect(findProcess(program.pid)?.state ?? "Z").toBe("Z");
});

test("a program that starts after the end was ordered is ended too", async () => {
  const abort = new AbortController();
  const tree = new ProcessTree({ signal: abort.signal });
  abort.abort();
  const program = start(tree, "exec sleep 600");
  expect(await program.exited).not.toBe(0);
});

test("a process is its pid and its start time: one with the same pid alone is never touched", async () => {
  const program = Bun.spawn(["sleep", "600"], { detached: true });
  expect(signalProcess({ pid: program.pid, startTime: "1" }, "SIGTERM")).toBe(false);
  expect(program.exitCode).toBeNull();
  expect(signalProcess(findProcess(program.pid)!, "SIGTERM")).toBe(true);
  expect(await program.exited).toBe(143);
});

test("an owner's orphans are found by their mark and ended, another owner's are not", async () => {
  const mine = new ProcessTree({ owner: `mine-${process.pid}` });
  const theirs = new ProcessTree({ owner: `theirs-${process.pid}` });
  const [a, b] = [start(mine, "sleep 600 & wait"), start(theirs, "exec sleep 600")];
  await until("all run", () => mine.members().length === 2 && theirs.members().length === 1);
  expect(await endOrphans(`mine-${process.pid}`)).toBe(2);
  await a.exited;
  expect(b.exitCode).toBeNull();
  await theirs.end();
});

test("the process table knows this process by its start time", () => {
  const me = findProcess(process.pid);
  expect(me).toBeDefined();
  expect(isAlive(me!)).toBe(true);
  expect(isAlive({ pid: process.pid, startTime: "0" })).toBe(false);
  expect(listProcesses().some(({ pid }) => pid === process.pid)).toBe(true);
  expect(findProcess(4294967295)).toBeUndefined();
  expect(findProcess(-1)).toBeUndefined();
});

/** The first version's groups hold a process so that even SIGKILL waits, as a broken disk does. */
function canFreeze(): boolean {
  const probe = join(FREEZER, `rbee-probe-${process.pid}`);
  try {
    mkdirSync(probe);
    rmdirSync(probe);
    return true;
  } catch {
    return false;
  }
}
