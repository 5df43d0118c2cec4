// One job as it happens and as it was: steps, log, cancel, and what came of it.
import { ArrowLeft, Ban, RotateCcw } from "lucide-react";
import { useEffect, useMemo, useSyncExternalStore } from "react";
import { formatDuration } from "../format.ts";
import { JobFollow, type JobPicture } from "../job-follow.ts";
import { Button, LinkButton } from "../parts/button.tsx";
import { LogView } from "../parts/log-view.tsx";
import { ErrorNotice, Waiting } from "../parts/notice.tsx";
import { PageHead } from "../parts/page-head.tsx";
import { ProgressLine, Steps } from "../parts/steps.tsx";
import { useToasts } from "../parts/toasts.tsx";
import { goTo, hrefOf } from "../router.ts";
import { useClient } from "../session.tsx";
import { texts } from "../texts.ts";
import { Ending, Outcome } from "./job-end.tsx";
import { describeJob, rerun, StateBadge } from "./job-words.tsx";

const words = texts.job;

export function JobView({ id }: { id: string }) {
  const client = useClient();
  const job = useMemo(() => new JobFollow(id), [id]);
  const picture = useSyncExternalStore(job.subscribe, job.picture);
  useEffect(() => {
    const leave = new AbortController();
    void job.follow(client, leave.signal);
    // Leaving ends the reading, never the job.
    return () => leave.abort();
  }, [client, job]);
  return (
    <>
      <LinkButton look="quiet" icon={<ArrowLeft aria-hidden className="icon" />} href={hrefOf("jobs")}>
        {texts.jobs.title}
      </LinkButton>
      {picture.problem && <ErrorNotice error={picture.problem} />}
      {!picture.operation && !picture.problem && <Waiting label={texts.loading} rows={6} />}
      {picture.operation && <Job job={job} picture={picture} />}
    </>
  );
}

function Job({ job, picture }: { job: JobFollow; picture: JobPicture }) {
  const { steps, state, operation } = picture;
  const isSilent = picture.isOver && steps.length === 0 && job.log.lines.length === 0;
  return (
    <>
      <PageHead
        title={describeJob(operation!)}
        intro={
          <>
            {state && <StateBadge state={state} />} <Took picture={picture} />
          </>
        }
      >
        <JobActions job={job} picture={picture} />
      </PageHead>
      <p className="visually-hidden" role="status">
        {currentStep(picture)}
      </p>
      {steps.length === 0 && picture.progress && !picture.isOver && <ProgressLine picture={picture} />}
      <div className={steps.length > 0 ? "job-columns" : ""}>
        {steps.length > 0 && (
          <div className="job-side">
            <ProgressLine picture={picture} />
            <Steps steps={steps} />
          </div>
        )}
        {/* The end takes its room from the log: nothing that somebody reads or aims at moves. */}
        <div className="job-main">
          {!isSilent && <LogView log={job.log} fileName={`rbee-job-${job.id}.log`} />}
          <Ending picture={picture} />
          <Outcome picture={picture} jobId={job.id} />
        </div>
      </div>
      {!picture.isOver && <p className="quiet-text">{words.closing}</p>}
    </>
  );
}

function JobActions({ job, picture }: { job: JobFollow; picture: JobPicture }) {
  const client = useClient();
  const { attempt } = useToasts();
  const { state, operation } = picture;
  if (state === "queued" || state === "running" || state === "cancelling") {
    const isEnding = state === "cancelling";
    return (
      <Button
        look="danger"
        icon={<Ban aria-hidden className="icon" />}
        disabled={isEnding}
        onClick={() => void attempt(() => client.cancel(job.id))}
      >
        {isEnding ? words.endingTitle : words.cancel}
      </Button>
    );
  }
  const again = () => attempt(async () => goTo("jobs", await rerun(client, operation!)));
  return (
    <Button icon={<RotateCcw aria-hidden className="icon" />} onClick={() => void again()}>
      {state === "succeeded" ? words.again : words.tryAgain}
    </Button>
  );
}

function Took({ picture: { startedAt, endedAt } }: { picture: JobPicture }) {
  return startedAt !== undefined && endedAt !== undefined ? <span>{words.took(formatDuration(endedAt - startedAt))}</span> : null;
}

function currentStep({ steps, isOver, state }: JobPicture): string {
  const at = steps.findIndex(({ status }) => status === "running");
  if (isOver && state) return texts.jobs.states[state];
  return at < 0 ? "" : words.stepOf(at + 1, steps.length, steps[at]!.name);
}
