// The steps of a job with their times, and how far it is.
import { Progress } from "@base-ui/react/progress";
import { Ban, Check, Circle, CircleX, LoaderCircle, Minus } from "lucide-react";
import { formatBytes, formatDuration } from "../format.ts";
import type { Progress as Amount, JobPicture, Step } from "../job-follow.ts";
import { texts } from "../texts.ts";

const ICONS = { waiting: Circle, running: LoaderCircle, done: Check, failed: CircleX, skipped: Minus, cancelled: Ban } as const;
const words = texts.job;

export function Steps({ steps }: { steps: readonly Step[] }) {
  return (
    <ol className="steps" aria-label={words.steps}>
      {steps.map(({ name, status, ms }) => {
        const Icon = ICONS[status];
        return (
          <li key={name} className={`step ${status}`} aria-current={status === "running" ? "step" : undefined}>
            <Icon aria-hidden className="icon" />
            <span className="step-name">{name}</span>
            <span className="visually-hidden">{words.stepStatus[status]}</span>
            <span className="step-time">{ms === undefined ? "" : formatDuration(ms)}</span>
          </li>
        );
      })}
    </ol>
  );
}

export function ProgressLine({ picture: { steps, progress } }: { picture: JobPicture }) {
  const done = steps.filter(({ status }) => status === "done" || status === "skipped").length;
  const total = progress?.total ?? 0;
  const share = total > 0 ? progress!.done / total : 0;
  // Without steps the work itself is what is counted; null: nobody knows how much there is.
  const value = steps.length > 0 ? Math.min(done + share, steps.length) : total > 0 ? progress!.done : null;
  return (
    <Progress.Root className="progress" value={value} max={steps.length || Math.max(total, 1)}>
      <Progress.Label className="progress-label">
        {steps.length > 0 ? words.stepsDone(done, steps.length) : texts.jobs.states.running}
      </Progress.Label>
      <Progress.Track className="progress-track">
        <Progress.Indicator className="progress-bar" />
      </Progress.Track>
      <p className="progress-detail">{progress ? describe(progress) : ""}</p>
    </Progress.Root>
  );
}

/** `Qwen3: 12 MB / 400 MB · 3.2 MB/s · 2 min 1 s left`. */
function describe(progress: Amount): string {
  return `${progress.what}: ${describeAmount(progress)}`;
}

export function describeAmount({ done, total, unit, perSecond, leftMs }: Omit<Amount, "what">): string {
  const format = (amount: number) => (unit === "bytes" ? formatBytes(amount) : `${Math.round(amount).toLocaleString("en")} ${unit}`);
  const amount = total === null ? format(done) : `${format(done)} / ${format(total)}`;
  const speed = perSecond === undefined ? "" : words.speed(format(perSecond));
  return [amount, speed, leftMs === undefined ? "" : words.left(formatDuration(leftMs))].filter(Boolean).join(" · ");
}
