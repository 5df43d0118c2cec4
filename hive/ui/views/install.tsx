// Before an install or an upgrade: where it will go, how long it took last time, what is missing.
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

interface InstallProps {
  readonly id: string;
  readonly origin: string;
  /** The version in use, when there is one. */
  readonly from?: string;
  /** Where that one is: an upgrade goes to the same place. */
  readonly upgradeAt?: string | undefined;
}

export function InstallPanel({ id, origin, from, upgradeAt }: InstallProps) {
  const client = useClient();
  const { attempt } = useToasts();
  const [scope, setScope] = useState<Scope>("auto");
  const [hasRead, setRead] = useState(false);
  const { data: plan, error } = useQuery("worker_install_plan", { worker_id: id, ...scopeInput[scope] });
  const jobs = useJobs();
  const running = jobs.data?.find((job) => isInstallOf(job, id) && job.ended_at === undefined);
  if (running) return <InProgress job={running} />;
  const start = () =>
    attempt(async () => {
      const input = { worker_id: id, ...(plan?.needs_confirmation ? { recipe_digest: plan.digest } : {}) };
      const { job_id } =
        upgradeAt === undefined
          ? await client.submit("worker_install", { ...input, ...scopeInput[scope], ...(from === undefined ? {} : { force: true }) })
          : await client.submit("worker_upgrade", { ...input, elevate: "pkexec" });
      goTo("jobs", job_id);
    });
  const isReady = plan !== undefined && plan.obstacles.length === 0 && plan.missing.length === 0;
  const needsReading = plan?.needs_confirmation === true;
  const action = upgradeAt !== undefined ? words.upgrade : from === undefined ? words.title : words.again;
  return (
    <section className="panel install">
      <h2>{upgradeAt !== undefined && from !== undefined && plan ? words.upgradeTo(from, plan.version) : action}</h2>
      {upgradeAt === undefined && <ScopeChoice scope={scope} onChange={setScope} />}
      {error && <ErrorNotice error={error} />}
      <div className="install-place" aria-live="polite">
        <p>
          {words.to} <strong className="mono">{upgradeAt ?? plan?.place?.bin ?? (plan || error ? "—" : words.checking)}</strong>
        </p>
        {plan?.place?.note && <p className="quiet-text">{plan.place.note}</p>}
        <p className="quiet-text">{plan ? describeRoom(plan.room) : ""}</p>
        <p className="quiet-text">{lastTime(jobs.data, id)}</p>
        {upgradeAt !== undefined && <p className="quiet-text">{words.upgradeHelp}</p>}
      </div>
      {plan && <Obstacles plan={plan} />}
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
          {action}
        </Button>
      </div>
    </section>
  );
}

function InProgress({ job: { job_id } }: { job: JobView }) {
  return (
    <section className="panel">
      <h2>{words.title}</h2>
      <div className="row">
        <p className="grow">{words.inProgress}</p>
        <LinkButton look="main" href={hrefOf("jobs", job_id)}>
          {words.watch}
        </LinkButton>
      </div>
    </section>
  );
}

function ScopeChoice({ scope, onChange }: { scope: Scope; onChange: (scope: Scope) => void }) {
  return (
    <div className="labelled">
      <span aria-hidden>{words.for}</span>
      <Choice
        label={words.for}
        value={scope}
        onChange={onChange}
        options={[
          { value: "auto", text: words.auto },
          { value: "user", text: words.user },
          { value: "system", text: words.system },
        ]}
      />
    </div>
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
  return (operation.operation === "worker_install" || operation.operation === "worker_upgrade") && operation.worker_id === id;
}

/** Only a build counts: what was installed already took no time. */
function lastTime(jobs: readonly JobView[] | undefined, id: string): string {
  const last = jobs?.find(
    (job) => isInstallOf(job, id) && job.state === "succeeded" && !(job.result as { already_installed?: boolean }).already_installed,
  );
  return last?.started_at && last.ended_at ? words.lastTime(formatDuration(last.ended_at - last.started_at)) : words.firstTime;
}
