// Models on their way: downloads and files that are sent, with speed and time left; cancelled and broken ones go on where they stopped.
import { Ban, Pause, RotateCcw, X } from "lucide-react";
import { type ReactNode, useEffect, useMemo, useRef, useState, useSyncExternalStore } from "react";
import type { JobView } from "../../../lib/contract/events.ts";
import type { Upload } from "../../../lib/contract/views.ts";
import type { ErrorData } from "../../../lib/errors.ts";
import { formatBytes } from "../format.ts";
import { JobFollow } from "../job-follow.ts";
import { Button, IconButton } from "../parts/button.tsx";
import { describeAmount } from "../parts/steps.tsx";
import { useToasts } from "../parts/toasts.tsx";
import { useClient } from "../session.tsx";
import { texts } from "../texts.ts";
import { type Sending, uploads } from "../upload-store.ts";
import { rerun } from "./job-words.tsx";

const words = texts.transfers;
const HIDDEN = "rbee.transfers.hidden";
/** Hidden ones that are remembered; older jobs are forgotten by the hive. */
const HIDDEN_KEPT = 200;

interface TransfersProps {
  readonly jobs: readonly JobView[];
  /** Uploads that the hive has a part of. */
  readonly begun: readonly Upload[];
  readonly onChange: () => void;
}

export function Transfers({ jobs, begun, onChange }: TransfersProps) {
  const sent = useSyncExternalStore(uploads.subscribe, uploads.all);
  const [hidden, setHidden] = useState(readHidden);
  const seen = useSeen(jobs);
  const downloads = shownDownloads(jobs, seen).filter(({ job_id }) => !hidden.includes(job_id));
  const left = begun.filter(({ name }) => !sent.some((sending) => sending.name === name));
  const hide = (id: string) => setHidden(rememberHidden(id));
  if (downloads.length + sent.length + left.length === 0) return null;
  return (
    <section>
      <h2>{words.title}</h2>
      <ul className="transfers">
        {downloads.map((job) => (
          <Downloading key={job.job_id} job={job} onHide={() => hide(job.job_id)} onChange={onChange} />
        ))}
        {sent.map((sending) => (
          <SentFile key={sending.key} sending={sending} onChange={onChange} />
        ))}
        {left.map((upload) => (
          <BegunUpload key={upload.id} upload={upload} onChange={onChange} />
        ))}
      </ul>
    </section>
  );
}

/** Jobs that were under way while somebody looked: they stay in sight when they are done, so that nothing below jumps. */
function useSeen(jobs: readonly JobView[]): ReadonlySet<string> {
  const seen = useRef(new Set<string>());
  for (const { job_id, ended_at } of jobs) if (ended_at === undefined) seen.current.add(job_id);
  return seen.current;
}

/** The last download of each model, as long as something can be done about it. */
function shownDownloads(jobs: readonly JobView[], seen: ReadonlySet<string>): JobView[] {
  const done = new Set<unknown>();
  return jobs.filter(({ job_id, operation, state }) => {
    if (operation.operation !== "model_download" || done.has(operation.model)) return false;
    done.add(operation.model);
    const isLocal = String(operation.model).startsWith("/");
    return seen.has(job_id) || (state !== "succeeded" && !isLocal);
  });
}

const ACTIVE = ["queued", "running", "cancelling"];

function Downloading({ job, onHide, onChange }: { job: JobView; onHide: () => void; onChange: () => void }) {
  const client = useClient();
  const { attempt } = useToasts();
  const follow = useMemo(() => new JobFollow(job.job_id), [job.job_id]);
  const { state = job.state, progress, error } = useSyncExternalStore(follow.subscribe, follow.picture);
  useEffect(() => {
    const leave = new AbortController();
    void follow.follow(client, leave.signal);
    return () => leave.abort();
  }, [client, follow]);
  const act = async (action: () => Promise<unknown>) => {
    await attempt(action);
    onChange();
  };
  const name = String(job.operation.model);
  const isActive = ACTIVE.includes(state);
  const amount = progress && describeAmount(isActive ? progress : { ...progress, perSecond: undefined, leftMs: undefined });
  return (
    <Line
      name={name}
      done={state === "succeeded" ? 1 : progress?.total ? progress.done / progress.total : 0}
      state={texts.jobs.states[state]}
      detail={[amount, isActive ? "" : texts.jobs.states[state]].filter(Boolean).join(" · ")}
      error={error && state !== "cancelled" ? error : undefined}
    >
      {isActive && (
        <IconButton
          label={`${texts.cancel}: ${name}`}
          icon={<Ban aria-hidden className="icon" />}
          disabled={state === "cancelling"}
          onClick={() => void act(() => client.cancel(job.job_id))}
        />
      )}
      {!isActive && state !== "succeeded" && (
        <Button
          icon={<RotateCcw aria-hidden className="icon" />}
          aria-label={`${words.resume}: ${name}`}
          onClick={() => void act(() => rerun(client, job.operation))}
        >
          {words.resume}
        </Button>
      )}
      {!isActive && <IconButton label={`${words.hide}: ${name}`} icon={<X aria-hidden className="icon" />} onClick={onHide} />}
    </Line>
  );
}

function SentFile({ sending, onChange }: { sending: Sending; onChange: () => void }) {
  const client = useClient();
  const { key, name, size, state, done, error, ...speed } = sending;
  const isActive = state === "sending" || state === "waiting";
  const amount = describeAmount({ done, total: size, unit: "bytes", ...(isActive ? speed : {}) });
  return (
    <Line name={name} done={done / size} state={words.states[state]} detail={`${amount} · ${words.states[state]}`} error={error}>
      {isActive && (
        <IconButton label={`${words.pause}: ${name}`} icon={<Pause aria-hidden className="icon" />} onClick={() => uploads.stop(key)} />
      )}
      {(state === "stopped" || state === "failed") && (
        <Button
          icon={<RotateCcw aria-hidden className="icon" />}
          aria-label={`${words.resume}: ${name}`}
          onClick={() => uploads.resume(key, client, onChange)}
        >
          {words.resume}
        </Button>
      )}
      {!isActive && (
        <IconButton label={`${words.hide}: ${name}`} icon={<X aria-hidden className="icon" />} onClick={() => uploads.hide(key)} />
      )}
    </Line>
  );
}

/** Begun by another tab or before a reload: the browser has to be given the file again. */
function BegunUpload({ upload: { id, name, offset, size_bytes }, onChange }: { upload: Upload; onChange: () => void }) {
  const client = useClient();
  const { attempt } = useToasts();
  const forget = async () => {
    await attempt(() => client.forgetUpload(id));
    onChange();
  };
  const amount = `${formatBytes(offset)} / ${formatBytes(size_bytes)}`;
  return (
    <Line name={name} done={offset / size_bytes} state="" detail={`${amount} · ${words.sendAgain}`}>
      <Button icon={<X aria-hidden className="icon" />} aria-label={`${words.forget}: ${name}`} onClick={() => void forget()}>
        {words.forget}
      </Button>
    </Line>
  );
}

interface LineProps {
  readonly name: string;
  /** 0 to 1. */
  readonly done: number;
  /** Read aloud when it changes; the amounts would never stop. */
  readonly state: string;
  readonly detail: string;
  readonly error?: Pick<ErrorData, "message" | "hint"> | undefined;
  readonly children: ReactNode;
}

function Line({ name, done, state, detail, error, children }: LineProps) {
  return (
    <li className="transfer">
      <div className="transfer-text">
        <strong className="transfer-name">{name}</strong>
        <progress max={1} value={done} aria-label={name} />
        <span className="quiet-text">{detail}</span>
        {error && <span className="message-error">{[error.message, error.hint].filter(Boolean).join(". ")}</span>}
        <span className="visually-hidden" role="status">
          {state && `${name}: ${state}`}
        </span>
      </div>
      <div className="actions">{children}</div>
    </li>
  );
}

function readHidden(): readonly string[] {
  return (localStorage.getItem(HIDDEN) ?? "").split(" ");
}

function rememberHidden(id: string): readonly string[] {
  const hidden = [...readHidden(), id].slice(-HIDDEN_KEPT);
  localStorage.setItem(HIDDEN, hidden.join(" "));
  return hidden;
}
