// How a job ends: the stages of a cancel as they happen, and what came of it.
import type { Output } from "../../../lib/contract/operations.ts";
import type { JobPicture } from "../job-follow.ts";
import { Button, LinkButton } from "../parts/button.tsx";
import { ErrorNotice, Notice } from "../parts/notice.tsx";
import { ScrollRegion } from "../parts/scroll-region.tsx";
import { useToasts } from "../parts/toasts.tsx";
import { goTo, hrefOf } from "../router.ts";
import { useClient } from "../session.tsx";
import { texts } from "../texts.ts";
import { PathHelp } from "./path-help.tsx";

const words = texts.job;

/** While it is being cancelled, and afterwards what was stopped and cleaned. */
export function Ending({ picture }: { picture: JobPicture }) {
  const { state, ending, steps } = picture;
  if (state !== "cancelling" && state !== "cancelled") return null;
  const isOver = state === "cancelled";
  const isInstall = steps.length > 0;
  const cleanup = steps.at(-1);
  // The hive's first word says what our two first lines say.
  const told = ending.filter((stage) => !stage.includes("Build cancelled")).map((stage) => stage.replace(/^==> /, ""));
  const stages = isInstall ? [words.cancelling, ...(ending.length > 0 || isOver ? [words.killing] : []), ...told] : told;
  const cleaned = isInstall && cleanup?.status === "done" ? [`${cleanup.name}: ${words.stepStatus.done}`] : [];
  return (
    <Notice kind={isOver ? "info" : "warn"} title={isOver ? words.cancelledTitle : words.endingTitle} isNews>
      {isOver && <p>{isInstall ? words.cancelledBody : words.cancelledPlain}</p>}
      {stages.length + cleaned.length > 0 && (
        <ul className="stages" aria-label={words.whatStopped}>
          {[...stages, ...cleaned].map((stage) => (
            <li key={stage}>{stage}</li>
          ))}
        </ul>
      )}
    </Notice>
  );
}

const TITLES = { failed: words.failedTitle, timed_out: words.timedOutTitle, interrupted: words.interruptedTitle } as const;

export function Outcome({ picture, jobId }: { picture: JobPicture; jobId: string }) {
  const { state, error } = picture;
  if (state === "succeeded") return picture.isOver ? <Success picture={picture} /> : null;
  if (!error || !state || !(state in TITLES)) return null;
  const tail = (error.data as { tail?: string[] } | undefined)?.tail;
  return (
    <>
      <ErrorNotice error={{ ...error, hint: error.hint?.replace("{job}", jobId) }} title={TITLES[state as keyof typeof TITLES]} />
      {tail && (
        <ScrollRegion className="tail" label={words.lastLines}>
          <pre>{tail.join("\n")}</pre>
        </ScrollRegion>
      )}
    </>
  );
}

function Success({ picture: { operation, result } }: { picture: JobPicture }) {
  switch (operation?.operation) {
    case "worker_install":
      return <Installed result={result as Output<"worker_install">} />;
    case "infer":
      return (
        <Notice kind="good" title={words.done} isNews>
          <p className="answer">{(result as Output<"infer">).text}</p>
        </Notice>
      );
    case "worker_spawn":
      return (
        <Notice kind="good" title={words.done} isNews>
          <p className="mono">{(result as Output<"worker_spawn">).url}</p>
          <div className="actions">
            <LinkButton href={hrefOf("running")}>{texts.views.running}</LinkButton>
            <LinkButton href={hrefOf("chat")}>{texts.views.chat}</LinkButton>
          </div>
        </Notice>
      );
    case "worker_upgrade":
      return <Upgraded result={result as Output<"worker_upgrade">} />;
    case "worker_import":
      return <Installed result={result as Output<"worker_import">} />;
    case "worker_rollback": {
      const { worker } = result as Output<"worker_rollback">;
      return <Notice kind="good" title={words.inUse(worker.id, worker.version)} isNews />;
    }
    case "worker_export":
      return (
        <Notice kind="good" title={words.done} isNews>
          <p>
            {words.written} <strong className="mono">{(result as Output<"worker_export">).file}</strong>
          </p>
        </Notice>
      );
    default:
      return <Notice kind="good" title={words.done} isNews />;
  }
}

function Upgraded({ result: { worker, former, outcome } }: { result: Output<"worker_upgrade"> }) {
  const { id, version } = worker;
  return (
    <Notice kind="good" title={outcome === "upgraded" ? words.upgraded(id, former, version) : words.kept(id, version)} isNews>
      <div className="actions">
        <LinkButton href={hrefOf("workers", id)}>{words.seeWorker}</LinkButton>
      </div>
    </Notice>
  );
}

function Installed({ result: { worker, already_installed, on_path } }: { result: Output<"worker_install"> }) {
  const client = useClient();
  const { attempt } = useToasts();
  const start = () => attempt(async () => goTo("jobs", (await client.submit("worker_spawn", { worker: worker.id })).job_id));
  return (
    <Notice kind="good" title={already_installed ? words.already : words.complete} isNews>
      <p>
        {words.installedTo} <strong className="mono">{worker.binary}</strong>
      </p>
      {!on_path && <PathHelp bin={worker.binary.slice(0, worker.binary.lastIndexOf("/"))} />}
      <div className="actions">
        <Button look="main" onClick={() => void start()}>
          {words.startNow}
        </Button>
        <LinkButton href={hrefOf("workers", worker.id)}>{words.seeWorker}</LinkButton>
      </div>
    </Notice>
  );
}
