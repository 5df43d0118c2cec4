// Installs a worker from a file that was exported elsewhere: first what it holds, then the decision.
import { type FormEvent, type ReactElement, useState } from "react";
import type { ImportPlan } from "../../../lib/contract/views.ts";
import { type RbeeError, toRbeeError } from "../../../lib/errors.ts";
import { formatBytes, formatDay } from "../format.ts";
import { Button } from "../parts/button.tsx";
import { Dialog } from "../parts/dialog.tsx";
import { ErrorNotice, Notice } from "../parts/notice.tsx";
import { Facts } from "../parts/page-head.tsx";
import { useToasts } from "../parts/toasts.tsx";
import { goTo } from "../router.ts";
import { useClient } from "../session.tsx";
import { texts } from "../texts.ts";
import { PathField } from "./export-dialog.tsx";

const words = texts.importing;

interface Looked {
  readonly file: string;
  readonly plan: ImportPlan;
}

export function ImportDialog({ trigger }: { trigger: ReactElement<Record<string, unknown>> }) {
  const [isOpen, setOpen] = useState(false);
  const [looked, setLooked] = useState<Looked>();
  const open = (next: boolean) => {
    setOpen(next);
    setLooked(undefined);
  };
  return (
    <Dialog trigger={trigger} title={words.title} isOpen={isOpen} onOpenChange={open}>
      {looked ? <Decide {...looked} onBack={() => setLooked(undefined)} /> : <Look onLooked={setLooked} onClose={() => open(false)} />}
    </Dialog>
  );
}

function Look({ onLooked, onClose }: { onLooked: (looked: Looked) => void; onClose: () => void }) {
  const client = useClient();
  const [error, setError] = useState<RbeeError>();
  const submit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const file = String(new FormData(event.currentTarget).get("file"));
    try {
      onLooked({ file, plan: await client.run("worker_import_plan", { file }) });
    } catch (thrown) {
      setError(toRbeeError(thrown));
    }
  };
  return (
    <form className="form" onSubmit={(event) => void submit(event)}>
      <p className="dialog-text">{words.body}</p>
      <PathField label={words.path} />
      {error && <ErrorNotice error={error} />}
      <div className="actions end">
        <Button onClick={onClose}>{texts.cancel}</Button>
        <Button type="submit" look="main">
          {words.look}
        </Button>
      </div>
    </form>
  );
}

function Decide({ file, plan, onBack }: Looked & { onBack: () => void }) {
  const client = useClient();
  const { attempt } = useToasts();
  const { id, version, description, origin, digest, built_on, built_at, files, bytes, unfit } = plan;
  const start = () => attempt(async () => goTo("jobs", (await client.submit("worker_import", { file, bundle_digest: digest })).job_id));
  return (
    <div className="form">
      <p className="dialog-text">{description}</p>
      <Facts
        facts={[
          [texts.id, id],
          [texts.worker.version, version],
          [texts.versions.columns.disk, texts.worker.sizeOf(formatBytes(bytes), files)],
        ]}
      />
      <p className="quiet-text">{words.built(formatDay(built_at), built_on.os, built_on.arch)}</p>
      {unfit.length > 0 ? (
        <Notice kind="error" title={`${words.unfit}: ${unfit.join("; ")}`} isNews />
      ) : (
        <Notice kind="warn" title={words.trust(origin)} isNews />
      )}
      <div className="actions end">
        <Button onClick={onBack}>{texts.back}</Button>
        <Button look="main" disabled={unfit.length > 0} onClick={() => void start()}>
          {words.submit}
        </Button>
      </div>
    </div>
  );
}
