// What the hive costs between a client and a worker: time added to the first token, token rate at 32 streams, memory over many requests.
// The worker is the tests' toy, which answers as fast as it can: no real model hides what the hive adds.
// node scripts/dev.mjs scripts/bench/inference.ts [--requests 10000] [--rounds 5]
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { renderTable } from "../../lib/table.ts";
import { hiveOf, installToy, processesOf, servingHome } from "../../tests/toy-worker.ts";

const { values } = parseArgs({ options: { requests: { type: "string", default: "10000" }, rounds: { type: "string", default: "5" } } });
const STREAMS = 32;
const TOKENS = 2_000;
const FIRST_TOKENS = 300;

interface Target {
  readonly url: string;
  readonly token: string;
}

const ask = ({ url, token }: Target, body: object) =>
  fetch(`${url}/v1/chat/completions`, {
    method: "POST",
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    body: JSON.stringify({ model: "stories260K", messages: [{ role: "user", content: "Once upon a time" }], stream: true, ...body }),
  });

/** Milliseconds from the request to the first bytes of the answer: the median of many, one after the other. */
async function firstToken(target: Target): Promise<number> {
  const times: number[] = [];
  for (let count = 0; count < FIRST_TOKENS; count++) {
    const from = performance.now();
    const reader = (await ask(target, { max_tokens: 1 })).body!.getReader();
    await reader.read();
    times.push(performance.now() - from);
    while (!(await reader.read()).done);
  }
  return median(times);
}

/** Tokens a second of 32 streams together, at a pace of one token each millisecond (0: as fast as it goes). */
async function tokenRate(target: Target, pauseMs: number): Promise<number> {
  const from = performance.now();
  const tokens = pauseMs > 0 ? TOKENS / 4 : TOKENS;
  const bytes = await Promise.all(
    Array.from(
      { length: STREAMS },
      async () => (await (await ask(target, { max_tokens: tokens, pause_ms: pauseMs })).arrayBuffer()).byteLength,
    ),
  );
  if (new Set(bytes).size !== 1) throw new Error(`Streams differ: ${bytes.join(" ")}`);
  return (STREAMS * tokens * 1000) / (performance.now() - from);
}

/** Resident memory of the hive in MB after each tenth of the requests. */
async function memory(target: Target, pid: number): Promise<number[]> {
  const looks = [residentMb(pid)];
  for (let tenth = 0; tenth < 10; tenth++) {
    for (let sent = 0; sent < Number(values.requests) / 10; sent += 8)
      await Promise.all(Array.from({ length: 8 }, async () => (await ask(target, { max_tokens: 5 })).arrayBuffer()));
    looks.push(residentMb(pid));
  }
  return looks;
}

/** Seconds of processor time that a process has used. Source: proc(5), /proc/pid/stat: utime and stime in ticks of 10 ms. */
function cpuSeconds(pid: number): number {
  const [, , , , , , , , , , , , , user, system] = readFileSync(`/proc/${pid}/stat`, "utf8")
    .replace(/\(.*\)/, "x")
    .split(" ");
  return (Number(user) + Number(system)) / 100;
}

function residentMb(pid: number): number {
  return Math.round(Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]) / 1024);
}

function median(numbers: readonly number[]): number {
  return [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)]!;
}

await using home = await servingHome();
await installToy(home);
await home.rbee(["worker", "spawn"]);
const hive = await hiveOf(home);
const { pid } = JSON.parse((await home.rbee(["hive", "status", "--json"])).stdout) as { pid: number };
const direct = { url: (await processesOf(home))[0]!.url, token: "" };

const rows: { first: [number, number]; paced: [number, number]; full: [number, number] }[] = [];
for (let round = 0; round < Number(values.rounds); round++) {
  // Alternating, so that a busy neighbour hits both.
  rows.push({
    first: [await firstToken(direct), await firstToken(hive)],
    paced: [await tokenRate(direct, 4), await tokenRate(hive, 4)],
    full: [await tokenRate(direct, 0), await tokenRate(hive, 0)],
  });
}
const pair = (pick: (row: (typeof rows)[number]) => [number, number]) =>
  [median(rows.map((row) => pick(row)[0])), median(rows.map((row) => pick(row)[1]))] as const;
const [first, firstHive] = pair(({ first }) => first);
const [paced, pacedHive] = pair(({ paced }) => paced);
const [full, fullHive] = pair(({ full }) => full);
const columns = [{ title: "WHAT" }, { title: "DIRECT" }, { title: "THROUGH THE HIVE" }, { title: "DIFFERENCE" }];
const share = (a: number, b: number) => `${((b / a) * 100).toFixed(1)} %`;
console.log(
  renderTable(columns, [
    ["first token, ms", first.toFixed(2), firstHive.toFixed(2), `+${(firstHive - first).toFixed(2)} ms`],
    [`tokens/s, ${STREAMS} streams, one token each 4 ms`, paced.toFixed(0), pacedHive.toFixed(0), share(paced, pacedHive)],
    [`tokens/s, ${STREAMS} streams, as fast as it goes`, full.toFixed(0), fullHive.toFixed(0), share(full, fullHive)],
  ]),
);
console.log(`resident memory of the hive over ${values.requests} requests, MB: ${(await memory(hive, pid)).join(" ")}`);
