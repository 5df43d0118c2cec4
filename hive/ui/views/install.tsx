// Before an install: where it will go, how long it took last time, what is missing.
import { Download } from "lucide-react";
import { useState } from "react";
import type { JobView } from "../../../lib/contract/events.ts";
import type { InstallPlan } from "../../../lib/contract/views.ts";
import { formatBytes, formatDuration } from "../format.ts";
import { Button, LinkButton } from "../parts/button.tsx";
import { Choice } from "../parts/choice.tsx";
import { CopyLine } from "../parts/copy.tsx";
import { ErrorNotice, Notice } from "../parts/notice.tsx";
import { useToasts } from "../parts/toasts.tsx";
import { useJobs, useQuery } from "../query.ts";
import { goTo, hrefOf } from "../router.ts";
import { useClient } from "../session.tsx";
import { texts } from "../texts.ts";

const words = texts.install;
type Scope = "auto" | "user" | "system";
const scopeInput = { auto: {}, user: { user: true }, system: { system: true, elevate: "pkexec" } } as const;

export function InstallPanel({ id, origin, isInstalled }: { id: string; origin: string; isInstalled: boolean }) {
  const client = useClient();
  const { attempt } = useToasts();
  const [scope, setScope] = useState<Scope>("auto");
  const [hasRead, setRead] = useState(false);
  const plan = useQuery("worker_install_plan", { worker_id: id, ...scopeInput[scope] });
  const jobs = useJobs();
  const running = jobs.data?.find((job) => isInstallOf(job, id) && job.ended_at === undefined);
  const start = () =>
    attempt(async () => {
      const confirmed = plan.data?.needs_confirmation ? { recipe_digest: plan.data.digest } : {};
      const input = { worker_id: id, ...scopeInput[scope], ...confirmed, ...(isInstalled ? { force: true } : {}) };
      goTo("jobs", (await client.submit("worker_install", input)).job_id);
    });
  if (running)
    return (
      <section className="panel">
        <h2>{words.title}</h2>
        <div className="row">
          <p className="grow">{words.inProgress}</p>
          <LinkButton look="main" href={hrefOf("jobs", running.job_id)}>
            {words.watch}
          </LinkButton>
        </div>
      </section>
    );
  const isReady = plan.data !== undefined && plan.data.obstacles.length === 0 && plan.data.missing.length === 0;
  const needsReading = plan.data?.needs_confirmation === true;
  return (
    <section className="panel install">
      <h2>{isInstalled ? words.again : words.title}</h2>
      <Choice
        label={words.for}
        value={scope}
        onChange={setScope}
        options={[
          { value: "auto", text: words.auto },
          { value: "user", text: words.user },
          { value: "system", text: words.system },
        ]}
      />
      {plan.error && <ErrorNotice error={plan.error} />}
      <div className="install-place" aria-live="polite">
        <p>
          {words.to} <strong className="mono">{plan.data?.place?.bin ?? (plan.data || plan.error ? "—" : words.checking)}</strong>
        </p>
        {plan.data?.place?.note && <p className="quiet-text">{plan.data.place.note}</p>}
        <p className="quiet-text">{plan.data ? describeRoom(plan.data.room) : ""}</p>
        <p className="quiet-text">{lastTime(jobs.data, id)}</p>
      </div>
      {plan.data && <Obstacles plan={plan.data} />}
      {needsReading && (
        <Notice kind="warn" title={words.foreign(origin)}>
          <label className="check">
            <input type="checkbox" checked={hasRead} onChange={(event) => setRead(event.target.checked)} />
            {words.read}
          </label>
        </Notice>
      )}
      <div className="actions">
        <Button
          look="main"
          icon={<Download aria-hidden className="icon" />}
          disabled={!isReady || (needsReading && !hasRead)}
          onClick={() => void start()}
        >
          {isInstalled ? words.again : words.start}
        </Button>
      </div>
    </section>
  );
}

function describeRoom(room: InstallPlan["room"]): string {
  return room
    .map(({ free_bytes, wanted_bytes }) => {
      const free = formatBytes(free_bytes);
      return wanted_bytes === undefined ? words.room(free) : words.buildRoom(free, formatBytes(wanted_bytes));
    })
    .join(", ");
}

function Obstacles({ plan }: { plan: InstallPlan }) {
  return (
    <>
      {plan.obstacles.map(({ message, hint }) => (
        <Notice key={message} kind="error" title={message}>
          {hint && <p className="hint">{hint}</p>}
        </Notice>
      ))}
      {plan.missing.length > 0 && (
        <Notice kind="error" title={`${words.missing} ${plan.missing.join(", ")}`}>
          <p>{words.missingHelp}</p>
          <CopyLine text={plan.command ?? ""} label={words.missingHelp} />
        </Notice>
      )}
      {plan.unknown.length > 0 && <Notice kind="info" title={`${words.unknown} ${plan.unknown.join(", ")}`} />}
    </>
  );
}

function isInstallOf({ operation }: JobView, id: string): boolean {
  return operation.operation === "worker_install" && operation.worker_id === id;
}

/** Only a build counts: what was installed already took no time. */
function lastTime(jobs: readonly JobView[] | undefined, id: string): string {
  const last = jobs?.find(
    (job) => isInstallOf(job, id) && job.state === "succeeded" && !(job.result as { already_installed?: boolean }).already_installed,
  );
  return last?.started_at && last.ended_at ? words.lastTime(formatDuration(last.ended_at - last.started_at)) : words.firstTime;
}
