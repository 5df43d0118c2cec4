// What Prometheus reads: jobs, workers, models, disk and this process, as they are now.
// Names follow prometheus.io/docs/practices/naming.
import { Counter, Gauge, Registry } from "prom-client";
import { VERSION } from "../../lib/version.ts";
import type { Hive } from "../hive.ts";
import type { Jobs } from "../jobs.ts";
import { lookOnce } from "../operations/hive-check.ts";
import { withFigures } from "../worker/figures.ts";
import { isRunning } from "../worker/record.ts";

type Labels = Readonly<Record<string, string>>;

/** Everything is read anew, so nothing has to be kept in step. */
export async function collectMetrics(hive: Hive, jobs: Jobs): Promise<{ text: string; type: string }> {
  const registry = new Registry();
  const gauge = make(registry, "gauge");
  const counter = make(registry, "counter");
  gauge("rbee_build_info", "The version of this hive", [[{ version: VERSION }, 1]]);
  gauge("rbee_jobs", "Jobs that are known, by operation and state", jobCounts(jobs));
  const processes = hive.supervisor.list().map((process) => withFigures(hive, process));
  const of = (pick: (process: (typeof processes)[number]) => number | undefined): [Labels, number][] =>
    processes.filter(isRunning).flatMap((process) => {
      const value = pick(process);
      return value === undefined ? [] : [[labelsOf(process), value]];
    });
  gauge("rbee_worker_processes", "Worker processes, by state", tally(processes.map(({ state }) => ({ state }))));
  counter(
    "rbee_worker_requests_total",
    "Requests that a worker process took",
    of(({ usage }) => usage?.requests),
  );
  counter(
    "rbee_worker_tokens_total",
    "Tokens that a worker process made",
    of(({ usage }) => Math.max(0, usage?.tokens ?? 0)),
  );
  counter(
    "rbee_worker_restarts_total",
    "How often it crashed and was started again",
    of(({ restarts }) => restarts ?? 0),
  );
  gauge(
    "rbee_worker_requests_active",
    "Requests that it answers now",
    of(({ usage }) => usage?.active),
  );
  gauge(
    "rbee_worker_requests_waiting",
    "Requests that wait for a turn",
    of(({ usage }) => usage?.waiting),
  );
  gauge(
    "rbee_worker_memory_bytes",
    "Memory that it holds (resident set)",
    of(({ memory_bytes }) => memory_bytes),
  );
  const models = await hive.models.list();
  gauge("rbee_models", "Models that are here", [[{}, models.length]]);
  gauge("rbee_models_bytes", "Bytes of their files", [[{}, models.reduce((sum, { size_bytes }) => sum + size_bytes, 0)]]);
  const { disk } = await lookOnce(hive);
  gauge(
    "rbee_disk_free_bytes",
    "Room that is left, as it was at most a minute ago",
    disk.map(({ what, free_bytes }) => [{ what }, free_bytes]),
  );
  gauge("process_resident_memory_bytes", "Memory of the hive itself", [[{}, process.memoryUsage.rss()]]);
  gauge("process_start_time_seconds", "When the hive started", [[{}, Math.floor(Date.now() / 1000 - process.uptime())]]);
  return { text: await registry.metrics(), type: registry.contentType };
}

function make(registry: Registry, kind: "gauge" | "counter") {
  return (name: string, help: string, values: readonly (readonly [Labels, number])[]) => {
    const labelNames = [...new Set(values.flatMap(([labels]) => Object.keys(labels)))];
    const Metric = kind === "gauge" ? Gauge : Counter;
    const metric = new Metric({ name, help, labelNames, registers: [registry] });
    for (const [labels, value] of values) metric.inc(labels, value);
  };
}

function labelsOf({ id, worker_id, model = "" }: { id: string; worker_id: string; model?: string | undefined }): Labels {
  return { process: id, worker: worker_id, model };
}

function jobCounts(jobs: Jobs): [Labels, number][] {
  return tally(jobs.list().map(({ state, operation }) => ({ state, operation: operation.operation })));
}

function tally(all: readonly Labels[]): [Labels, number][] {
  const counts = new Map<string, [Labels, number]>();
  for (const labels of all) {
    const key = JSON.stringify(labels);
    counts.set(key, [labels, (counts.get(key)?.[1] ?? 0) + 1]);
  }
  return [...counts.values()];
}
