// The versions of a worker that are here: which one is in use, going to another, taking one out, writing one into a file.
import { FileDown, Trash2, Undo2 } from "lucide-react";
import type { InstalledWorker } from "../../../lib/contract/views.ts";
import { formatBytes, formatDay } from "../format.ts";
import { Button } from "../parts/button.tsx";
import { Confirm } from "../parts/confirm.tsx";
import { Table } from "../parts/table.tsx";
import { useToasts } from "../parts/toasts.tsx";
import { useClient } from "../session.tsx";
import { texts } from "../texts.ts";
import { ExportDialog } from "./export-dialog.tsx";

const words = texts.versions;

interface VersionsProps {
  readonly versions: readonly InstalledWorker[];
  readonly onChange: () => void;
}

export function Versions({ versions, onChange }: VersionsProps) {
  const columns = words.columns;
  return (
    <section>
      <h2>{words.title}</h2>
      <Table
        label={words.title}
        rows={versions}
        keyOf={({ tree }) => tree}
        columns={[
          { title: columns.version, cell: (version) => <Name of={version} /> },
          { title: columns.disk, look: "short", cell: ({ size_bytes, files }) => texts.worker.sizeOf(formatBytes(size_bytes), files) },
          { title: columns.since, look: "short", cell: ({ installed_at }) => formatDay(installed_at) },
          { title: columns.place, cell: ({ prefix }) => <span className="mono">{prefix}</span> },
          { title: columns.actions, look: "actions", cell: (version) => <Actions of={version} onChange={onChange} /> },
        ]}
      />
    </section>
  );
}

function Name({ of: { version, active, pinned, digest } }: { of: InstalledWorker }) {
  return (
    <span className="badges">
      {version}
      {active && <span className="badge good">{words.active}</span>}
      {active && pinned && <span className="badge warn">{words.pinned}</span>}
      <span className="mono quiet-text">{digest.slice(0, 8)}</span>
    </span>
  );
}

function Actions({ of: { id, version, active, tree }, onChange }: { of: InstalledWorker; onChange: () => void }) {
  const client = useClient();
  const { tell, attempt } = useToasts();
  // A version can be here twice, from two recipes: the tree's own name tells them apart.
  const worker_id = `${id}@${tree.slice(tree.lastIndexOf("/") + 1)}`;
  const act = async (action: () => Promise<unknown>, told: string) => {
    if (await attempt(action)) tell(told);
    onChange();
  };
  const use = () => act(() => client.run("worker_rollback", { worker_id }), words.used(id, version));
  const remove = () => act(() => client.run("worker_remove", { worker_id }), texts.models.removed(id, version));
  return (
    <>
      {!active && (
        <Button look="quiet" icon={<Undo2 aria-hidden className="icon" />} aria-label={words.goToThis(version)} onClick={() => void use()}>
          {words.use}
        </Button>
      )}
      <ExportDialog
        workerId={worker_id}
        title={words.exportTitle(id, version)}
        trigger={
          <Button look="quiet" icon={<FileDown aria-hidden className="icon" />} aria-label={words.exportThis(version)}>
            {words.export}
          </Button>
        }
      />
      {!active && (
        <Confirm
          trigger={
            <Button look="quiet" icon={<Trash2 aria-hidden className="icon" />} aria-label={words.removeThis(version)}>
              {words.remove}
            </Button>
          }
          title={words.removeTitle(id, version)}
          body={words.removeBody}
          action={words.remove}
          onConfirm={() => void remove()}
        />
      )}
    </>
  );
}
