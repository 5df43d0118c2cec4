// What stands between a client and a worker costs: time added to the first token, token rate at 32 streams, processor time, memory over many requests.
// The worker is the tests' toy, which answers as fast as it can: no real model hides what is added. llama-swap is measured on the same worker.
// node scripts/dev.mjs scripts/bench/inference.ts [--requests 10000] [--rounds 5] [--llama-swap PROGRAM]
import { parseArgs } from "node:util";
import { renderTable } from "../../lib/table.ts";
import { hiveOf, installToy, processesOf, servingHome } from "../../tests/toy-worker.ts";
import { startLlamaSwap } from "./llama-swap.ts";
import { cpuSeconds, residentMb } from "./process.ts";

const { values } = parseArgs({
  options: {
    requests: { type: "string", default: "10000" },
    rounds: { type: "string", default: "5" },
    "llama-swap": { type: "string" },
  },
});
const MODEL = "stories260K";
const STREAMS = 32;
const FIRST_TOKENS = 300;
/** Milliseconds between two tokens of a stream (0: as fast as it goes), and how many tokens it has. */
const PACES = [
  { pauseMs: 10, tokens: 500 },
  { pauseMs: 4, tokens: 500 },
  { pauseMs: 0, tokens: 5_000 },
] as const;

interface Target {
  readonly name: string;
  readonly url: string;
  readonly token: string;
  /** What stands in between; undefined for the worker itself. */
  readonly pid?: number;
}

const ask = ({ url, token }: Target, body: object) =>
  fetch(`${url}/v1/chat/completions`, {
    method: "POST",
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    body: JSON.stringify({ model: MODEL, messages: [{ role: "user", content: "Once upon a time" }], stream: true, ...body }),
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

/** Tokens a second of all streams together, and microseconds of processor time a token of what stands in between. */
async function tokenRate(target: Target, { pauseMs, tokens }: (typeof PACES)[number]): Promise<{ rate: number; cpu: number }> {
  const cpuFrom = target.pid ? cpuSeconds(target.pid) : 0;
  const from = performance.now();
  const streams = Array.from({ length: STREAMS }, async () => {
    const answer = await ask(target, { max_tokens: tokens, pause_ms: pauseMs });
    return (await answer.text()).split("token ").length - 1;
  });
  const counts = new Set(await Promise.all(streams));
  if (counts.size !== 1 || !counts.has(tokens))
    throw new Error(`${target.name}: streams of ${[...counts].join(" ")} tokens, not ${tokens}`);
  const all = STREAMS * tokens;
  const cpu = target.pid ? ((cpuSeconds(target.pid) - cpuFrom) * 1e6) / all : 0;
  return { rate: (all * 1000) / (performance.now() - from), cpu };
}

/** Resident memory in MiB after each tenth of the requests. */
async function memory(target: Target): Promise<number[]> {
  const looks = [residentMb(target.pid!)];
  for (let tenth = 0; tenth < 10; tenth++) {
    for (let sent = 0; sent < Number(values.requests) / 10; sent += 8)
      await Promise.all(Array.from({ length: 8 }, async () => (await ask(target, { max_tokens: 5 })).arrayBuffer()));
    looks.push(residentMb(target.pid!));
  }
  return looks;
}

function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)]!;
}

await using home = await servingHome();
await installToy(home);
await home.rbee(["worker", "spawn"]);
const hive = await hiveOf(home);
const { pid } = JSON.parse((await home.rbee(["hive", "status", "--json"])).stdout) as { pid: number };
const worker = (await processesOf(home))[0]!.url;
const program = values["llama-swap"];
using swap = program ? await startLlamaSwap(program, { directory: home.path, worker, model: MODEL }) : undefined;
const targets: Target[] = [
  { name: "direct", url: worker, token: "" },
  { name: "hive", ...hive, pid },
  ...(swap ? [{ name: "llama-swap", url: swap.url, pid: swap.pid, token: "" }] : []),
];

interface Round {
  readonly first: number;
  readonly paces: readonly { rate: number; cpu: number }[];
}
const rounds = new Map<string, Round[]>(targets.map(({ name }) => [name, []]));
for (const target of targets) await firstToken(target);
for (let round = 0; round < Number(values.rounds); round++) {
  // One measure of each right after the other, so that a busy neighbour hits all.
  const firsts = new Map<string, number>();
  for (const target of targets) firsts.set(target.name, await firstToken(target));
  const measured = new Map<string, { rate: number; cpu: number }[]>(targets.map(({ name }) => [name, []]));
  for (const pace of PACES) for (const target of targets) measured.get(target.name)!.push(await tokenRate(target, pace));
  for (const { name } of targets) rounds.get(name)!.push({ first: firsts.get(name)!, paces: measured.get(name)! });
}

/** The median over the rounds of a difference or ratio to the direct way within the same round. */
const beside = (name: string, of: (round: Round, direct: Round) => number) =>
  median(rounds.get(name)!.map((round, index) => of(round, rounds.get("direct")![index]!)));
const rows = targets.map(({ name }) => [
  name,
  `${median(rounds.get(name)!.map(({ first }) => first)).toFixed(2)} (+${beside(name, (round, direct) => round.first - direct.first).toFixed(2)})`,
  ...PACES.map((_, index) => {
    const rate = median(rounds.get(name)!.map(({ paces }) => paces[index]!.rate));
    const share = beside(name, (round, direct) => round.paces[index]!.rate / direct.paces[index]!.rate);
    return `${rate.toFixed(0)} (${(share * 100).toFixed(1)} %)`;
  }),
  median(rounds.get(name)!.map(({ paces }) => paces[0]!.cpu)).toFixed(1),
]);
const rateTitles = PACES.map(({ pauseMs }) => ({ title: pauseMs > 0 ? `TOKENS/S, ONE EACH ${pauseMs} MS` : "AS FAST AS IT GOES" }));
console.log(renderTable([{ title: `${STREAMS} STREAMS` }, { title: "FIRST TOKEN, MS" }, ...rateTitles, { title: "CPU US/TOKEN" }], rows));
for (const target of targets.filter((each) => each.pid))
  console.log(`resident memory of ${target.name} over ${values.requests} requests, MiB: ${(await memory(target)).join(" ")}`);
