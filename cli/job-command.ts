// rbee job …: looks at jobs and ends them.

import type { JobView } from "../lib/contract/events.ts";
import { isOperation } from "../lib/contract/operations.ts";
import { fail } from "../lib/errors.ts";
import { renderTable } from "../lib/table.ts";
import { formatDuration, formatTime } from "../lib/units.ts";
import type { Command, ParsedArgs } from "./argv.ts";
import { connect } from "./connect.ts";
import { hiveOf, leaf } from "./leaf.ts";
import type { Output } from "./output.ts";
import { Progress } from "./progress.ts";
import { followJob } from "./run.ts";

const ID = { id: { type: "positional", required: true, description: "A job, as `rbee job list` shows it" } } as const;

export const jobCommand: Command = {
  name: "job",
  summary: "Jobs: what the hive does and did",
  children: [
    leaf("list", "Jobs, newest first", {}, list, ["rbee job list", "rbee job ls --json"], ["ls"]),
    leaf("get", "One job", ID, get, ["rbee job get 1f2e3d4c5b6a7980", "rbee job show 1f2e3d4c5b6a7980 --json"], ["show"]),
    leaf(
      "logs",
      "What a job told",
      { ...ID, follow: { type: "boolean", alias: "f", description: "Wait for its end; its exit code becomes ours" } },
      logs,
      ["rbee job logs 1f2e3d4c5b6a7980", "rbee job logs -f 1f2e3d4c5b6a7980"],
    ),
    leaf("cancel", "End a job", ID, cancel, ["rbee job cancel 1f2e3d4c5b6a7980", "rbee job cancel 1f2e3d4c5b6a7980 --json"]),
  ],
};

async function list(args: ParsedArgs, output: Output): Promise<number> {
  const { jobs } = await (await connect(hiveOf(args))).jobs();
  if (output.json) output.data({ jobs });
  else if (jobs.length === 0) output.note("No job yet");
  else
    output.result(
      renderTable(
        [{ title: "ID" }, { title: "STATE" }, { title: "WHAT", minimum: 12 }, { title: "STARTED", minimum: 10 }, { title: "TOOK" }],
        jobs.map(row),
        output.tableWidth,
      ),
    );
  return 0;
}

async function get(args: ParsedArgs, output: Output): Promise<number> {
  const job = await (await connect(hiveOf(args))).job(idOf(args));
  if (output.json) output.data(job);
  else output.result(describe(job));
  return 0;
}

async function logs(args: ParsedArgs, output: Output): Promise<number> {
  const client = await connect(hiveOf(args));
  const job = await client.job(idOf(args));
  const { operation } = job.operation;
  if (args.values.follow)
    return followJob(client, output, job.job_id, { operation: isOperation(operation) ? operation : undefined, joined: true });
  using progress = new Progress(output);
  for await (const event of client.told(job.job_id)) {
    if (output.json) output.data(event);
    else progress.tell(event);
  }
  return 0;
}

async function cancel(args: ParsedArgs, output: Output): Promise<number> {
  const answer = await (await connect(hiveOf(args))).cancel(idOf(args));
  if (output.json) output.data(answer);
  else output.result(`Job ${answer.job_id} is cancelled`);
  return 0;
}

/** @throws JOB_NOT_FOUND for what can be no job's id. */
function idOf({ values }: ParsedArgs): string {
  const id = String(values.id);
  if (!/^[\w-]{1,64}$/.test(id)) throw fail("JOB_NOT_FOUND", { id });
  return id;
}

function row(job: JobView): string[] {
  return [job.job_id, job.state, words(job), formatTime(job.created_at), took(job)];
}

function words({ operation: { operation, ...input } }: JobView): string {
  const subject = input.worker_id ?? input.model ?? input.id ?? input.worker ?? "";
  return `${operation} ${String(subject)}`.trim();
}

function took(job: JobView): string {
  return job.started_at === undefined ? "" : formatDuration((job.ended_at ?? Date.now()) - job.started_at);
}

function describe(job: JobView): string {
  const lines = [`${words(job)}: ${job.state}`, `id: ${job.job_id}`, `started: ${formatTime(job.created_at)}`, `took: ${took(job)}`];
  if (job.step && !job.ended_at) lines.push(`step: ${job.step.index} of ${job.step.total}, ${job.step.name}`);
  if (job.error) lines.push(`error: ${job.error.message}`, `code: ${job.error.code}`);
  return lines.join("\n");
}
