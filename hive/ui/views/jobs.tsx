// What the hive did and does.
import { Ban, RotateCcw } from "lucide-react";
import { useState } from "react";
import type { JobState, JobView } from "../../../lib/contract/events.ts";
import { formatDuration, formatTime } from "../format.ts";
import { IconButton } from "../parts/button.tsx";
import { Empty, ErrorNotice, Waiting } from "../parts/notice.tsx";
import { PageHead } from "../parts/page-head.tsx";
import { SearchField } from "../parts/search-field.tsx";
import { Table } from "../parts/table.tsx";
import { useToasts } from "../parts/toasts.tsx";
import { useJobs } from "../query.ts";
import { goTo, hrefOf } from "../router.ts";
import { useClient } from "../session.tsx";
import { texts } from "../texts.ts";
import { describeJob, rerun, StateBadge } from "./job-words.tsx";

const words = texts.jobs;
const FILTERS = ["all", "active", "succeeded", "failed", "cancelled", "timed_out", "interrupted"] as const;
type Filter = (typeof FILTERS)[number];

export function JobsView() {
  const { data, error, reload } = useJobs();
  const [search, setSearch] = useState("");
  const [filter, setFilter] = useState<Filter>("all");
  const found = (data ?? []).filter(
    (job) => passes(job, filter) && `${describeJob(job.operation)} ${job.job_id}`.toLowerCase().includes(search.toLowerCase()),
  );
  return (
    <>
      <PageHead title={words.title} intro={words.intro} />
      <search className="filters">
        <SearchField label={words.search} value={search} onChange={setSearch} />
        <label className="field inline">
          <span>{words.state}</span>
          <select value={filter} onChange={(event) => setFilter(event.target.value as Filter)}>
            {FILTERS.map((value) => (
              <option key={value} value={value}>
                {value === "all" ? words.all : value === "active" ? words.active : words.states[value]}
              </option>
            ))}
          </select>
        </label>
      </search>
      {error && <ErrorNotice error={error} />}
      {!data && !error && <Waiting label={texts.loading} rows={4} />}
      {data && found.length === 0 && (
        <Empty title={data.length === 0 ? words.empty : words.none}>
          <p>{data.length === 0 ? words.emptyBody : words.noneBody}</p>
        </Empty>
      )}
      {found.length > 0 && <JobTable jobs={found} onChange={reload} />}
    </>
  );
}

function passes({ state }: JobView, filter: Filter): boolean {
  if (filter === "all") return true;
  return filter === "active" ? isActive(state) : state === filter;
}

function isActive(state: JobState): boolean {
  return state === "queued" || state === "running" || state === "cancelling";
}

function JobTable({ jobs, onChange }: { jobs: readonly JobView[]; onChange: () => void }) {
  const columns = words.columns;
  return (
    <Table
      label={words.title}
      rows={jobs}
      keyOf={({ job_id }) => job_id}
      columns={[
        { title: columns.what, cell: ({ job_id, operation }) => <a href={hrefOf("jobs", job_id)}>{describeJob(operation)}</a> },
        { title: columns.state, cell: (job) => <State job={job} /> },
        { title: columns.started, look: "short", cell: ({ created_at }) => formatTime(created_at) },
        {
          title: columns.took,
          look: "number",
          cell: ({ started_at, ended_at }) => (started_at && ended_at ? formatDuration(ended_at - started_at) : ""),
        },
        { title: columns.actions, look: "actions", cell: (job) => <JobActions job={job} onChange={onChange} /> },
      ]}
    />
  );
}

function State({ job: { state, step } }: { job: JobView }) {
  return (
    <>
      <StateBadge state={state} />
      {isActive(state) && step && <span className="quiet-text"> {texts.job.stepOf(step.index, step.total, step.name)}</span>}
    </>
  );
}

function JobActions({ job, onChange }: { job: JobView; onChange: () => void }) {
  const client = useClient();
  const { attempt } = useToasts();
  const what = describeJob(job.operation);
  const cancel = async () => {
    await attempt(() => client.cancel(job.job_id));
    onChange();
  };
  if (isActive(job.state))
    return (
      <IconButton
        label={`${words.cancel}: ${what}`}
        icon={<Ban aria-hidden className="icon" />}
        disabled={job.state === "cancelling"}
        onClick={() => void cancel()}
      />
    );
  const again = () => attempt(async () => goTo("jobs", await rerun(client, job.operation)));
  return <IconButton label={`${words.again}: ${what}`} icon={<RotateCcw aria-hidden className="icon" />} onClick={() => void again()} />;
}
