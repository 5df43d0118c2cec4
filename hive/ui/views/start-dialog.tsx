// Starts a worker: which one, with which model, on which device; all may be left to the hive.
import { type FormEvent, type ReactElement, useState } from "react";
import { Button } from "../parts/button.tsx";
import { Dialog } from "../parts/dialog.tsx";
import { Notice } from "../parts/notice.tsx";
import { useToasts } from "../parts/toasts.tsx";
import { useQuery } from "../query.ts";
import { goTo } from "../router.ts";
import { useClient } from "../session.tsx";
import { texts } from "../texts.ts";

const words = texts.running;

export function StartDialog({ trigger }: { trigger: ReactElement<Record<string, unknown>> }) {
  const [isOpen, setOpen] = useState(false);
  return (
    <Dialog trigger={trigger} title={words.startTitle} isOpen={isOpen} onOpenChange={setOpen}>
      <Form onClose={() => setOpen(false)} />
    </Dialog>
  );
}

function Form({ onClose }: { onClose: () => void }) {
  const client = useClient();
  const { attempt } = useToasts();
  const installed = useQuery("worker_list_installed", {});
  const models = useQuery("model_list", {});
  const submit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const given = Object.fromEntries([...new FormData(event.currentTarget)].filter(([, value]) => value !== ""));
    const isStarted = await attempt(async () => goTo("jobs", (await client.submit("worker_spawn", given)).job_id));
    if (isStarted) onClose();
  };
  return (
    <form className="form" onSubmit={(event) => void submit(event)}>
      {installed.data?.workers.length === 0 && <Notice kind="warn" title={words.noneInstalled} />}
      <Choose
        name="worker"
        label={words.worker}
        options={installed.data?.workers.filter(({ active }) => active).map(({ id }) => id) ?? []}
      />
      <Choose name="model" label={words.model} options={models.data?.models.map(({ id }) => id) ?? []} />
      <label className="field">
        <span>{words.device}</span>
        <input name="device" maxLength={50} autoComplete="off" spellCheck={false} aria-describedby="device-help" />
        <span className="quiet-text" id="device-help">
          {words.deviceHelp}
        </span>
      </label>
      <div className="actions end">
        <Button onClick={onClose}>{texts.cancel}</Button>
        <Button type="submit" look="main" disabled={!installed.data?.workers.length}>
          {words.submit}
        </Button>
      </div>
    </form>
  );
}

function Choose({ name, label, options }: { name: string; label: string; options: readonly string[] }) {
  return (
    <label className="field">
      <span>{label}</span>
      <select name={name}>
        <option value="">{words.any}</option>
        {[...new Set(options)].map((option) => (
          <option key={option}>{option}</option>
        ))}
      </select>
    </label>
  );
}
