// Writes a version of a worker into a file on the machine of the hive.
import { type FormEvent, type ReactElement, useState } from "react";
import { Button } from "../parts/button.tsx";
import { Dialog } from "../parts/dialog.tsx";
import { useToasts } from "../parts/toasts.tsx";
import { goTo } from "../router.ts";
import { useClient } from "../session.tsx";
import { texts } from "../texts.ts";

const words = texts.versions;

interface ExportProps {
  /** `id@version`. */
  readonly workerId: string;
  readonly title: string;
  readonly trigger: ReactElement<Record<string, unknown>>;
}

export function ExportDialog({ workerId, title, trigger }: ExportProps) {
  const client = useClient();
  const { attempt } = useToasts();
  const [isOpen, setOpen] = useState(false);
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const file = String(new FormData(event.currentTarget).get("file"));
    void attempt(async () => goTo("jobs", (await client.submit("worker_export", { worker_id: workerId, file })).job_id));
  };
  return (
    <Dialog trigger={trigger} title={title} isOpen={isOpen} onOpenChange={setOpen}>
      <form className="form" onSubmit={submit}>
        <p className="dialog-text">{words.exportBody}</p>
        <PathField label={words.exportPath} />
        <div className="actions end">
          <Button onClick={() => setOpen(false)}>{texts.cancel}</Button>
          <Button type="submit" look="main">
            {words.export}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

/** A path on the machine of the hive, which has no working directory that somebody in a browser would know. */
export function PathField({ label }: { label: string }) {
  return (
    <label className="field">
      <span>{label}</span>
      <input
        name="file"
        className="mono"
        pattern="/.*"
        title={texts.absolutePath}
        placeholder="/home/you"
        required
        maxLength={4096}
        autoComplete="off"
        spellCheck={false}
      />
    </label>
  );
}
