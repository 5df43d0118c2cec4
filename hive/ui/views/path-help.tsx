// A program that the shell does not find: the line that helps, and one click that writes it, with a way back.
import { useState } from "react";
import type { PathSetup } from "../../../lib/contract/views.ts";
import { Button } from "../parts/button.tsx";
import { CopyLine } from "../parts/copy.tsx";
import { ErrorNotice } from "../parts/notice.tsx";
import { useToasts } from "../parts/toasts.tsx";
import { useQuery } from "../query.ts";
import { useClient } from "../session.tsx";
import { texts } from "../texts.ts";

const words = texts.job;

export function PathHelp({ bin }: { bin: string }) {
  const client = useClient();
  const { attempt } = useToasts();
  const plan = useQuery("path_setup", { directory: bin, dry_run: true });
  const [done, setDone] = useState<{ setup: PathSetup; isUndone: boolean }>();
  const run = (undo: boolean) =>
    attempt(async () => setDone({ setup: await client.run("path_setup", { directory: bin, ...(undo ? { undo } : {}) }), isUndone: undo }));
  return (
    <div className="path-help">
      <p>{words.notOnPath(bin)}</p>
      {plan.error && <ErrorNotice error={plan.error} />}
      {/* The line's room is kept while it is asked for. */}
      {!plan.error && <CopyLine text={plan.data?.line ?? "…"} label={words.notOnPath(bin)} />}
      <p role="status">{done && say(done)}</p>
      {done?.setup.backup && <p className="quiet-text">{words.pathBackup(done.setup.backup)}</p>}
      <div className="actions">
        {done && !done.isUndone ? (
          <Button onClick={() => void run(true)}>{words.undo}</Button>
        ) : (
          <Button disabled={!plan.data} onClick={() => void run(false)}>
            {words.setUpPath}
          </Button>
        )}
      </div>
    </div>
  );
}

function say({ setup, isUndone }: { setup: PathSetup; isUndone: boolean }): string {
  if (isUndone) return words.pathUndone(setup.file);
  return setup.changed ? words.pathDone(setup.file) : words.pathAlready(setup.file);
}
