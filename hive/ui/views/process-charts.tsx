// What a worker process does now and did in the last minutes: tokens, requests, memory.
import type { WorkerProcess, WorkerUsage } from "../../../lib/contract/views.ts";
import { formatBytes } from "../format.ts";
import { Sparkline } from "../parts/sparkline.tsx";
import { sample } from "../samples.ts";
import { texts } from "../texts.ts";

const words = texts.running;

export function ProcessCharts({ process: { id, usage, memory_bytes }, everyMs }: { process: WorkerProcess; everyMs: number }) {
  return (
    <ul className="charts">
      {usage && <Tokens usage={usage} />}
      {usage && <Requests usage={usage} />}
      {memory_bytes !== undefined && <Memory id={id} bytes={memory_bytes} everyMs={everyMs} />}
    </ul>
  );
}

/** The last two slices: one alone jumps. */
const NOW_SLICES = 2;

function Tokens({ usage: { token_slices, slice_ms, tokens } }: { usage: WorkerUsage }) {
  const rates = token_slices.map((count) => (count * 1_000) / slice_ms);
  const now = rates.slice(-NOW_SLICES).reduce((sum, rate) => sum + rate, 0) / NOW_SLICES;
  return (
    <Chart
      title={words.tokens}
      now={words.perSecond(now)}
      detail={words.inAll(tokens)}
      values={rates}
      label={words.tokensChart(seconds(token_slices, slice_ms), Math.max(...rates))}
    />
  );
}

function Requests({ usage: { request_slices, slice_ms, requests, active, waiting } }: { usage: WorkerUsage }) {
  return (
    <Chart
      title={words.requests}
      now={words.activeRequests(active, waiting)}
      detail={words.inAll(requests)}
      values={request_slices}
      label={words.requestsChart(
        seconds(request_slices, slice_ms),
        request_slices.reduce((sum, count) => sum + count, 0),
      )}
    />
  );
}

const MEMORY_POINTS = 60;

function Memory({ id, bytes, everyMs }: { id: string; bytes: number; everyMs: number }) {
  const values = sample(`memory ${id}`, bytes, everyMs);
  return (
    <Chart
      title={words.memory}
      now={formatBytes(bytes)}
      detail={words.memoryMost(formatBytes(Math.max(...values)))}
      values={values}
      points={MEMORY_POINTS}
      label={words.memoryChart(formatBytes(bytes), seconds(values, everyMs))}
    />
  );
}

interface ChartProps {
  readonly title: string;
  readonly now: string;
  readonly detail: string;
  readonly values: readonly number[];
  readonly points?: number;
  /** The chart in words. */
  readonly label: string;
}

function Chart({ title, now, detail, values, points = values.length, label }: ChartProps) {
  return (
    <li className="chart">
      <span className="chart-title">{title}</span>
      <strong className="chart-now">{now}</strong>
      <Sparkline values={values} points={points} label={label} />
      <span className="quiet-text">{detail}</span>
    </li>
  );
}

function seconds(values: readonly unknown[], sliceMs: number): number {
  return (values.length * sliceMs) / 1_000;
}
