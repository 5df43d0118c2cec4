// The models that are here; adding one, removing one.
import { MessageSquare, Plus, Trash2 } from "lucide-react";
import { type FormEvent, useState } from "react";
import type { Model } from "../../../lib/contract/views.ts";
import { formatBytes, formatCount } from "../format.ts";
import { Button, LinkButton } from "../parts/button.tsx";
import { Confirm } from "../parts/confirm.tsx";
import { Empty, ErrorNotice, Waiting } from "../parts/notice.tsx";
import { PageHead } from "../parts/page-head.tsx";
import { Table } from "../parts/table.tsx";
import { useToasts } from "../parts/toasts.tsx";
import { useQuery } from "../query.ts";
import { goTo, hrefOf } from "../router.ts";
import { useClient } from "../session.tsx";
import { texts } from "../texts.ts";

const words = texts.models;
const LOOK_MS = 5_000;

export function ModelsView() {
  const models = useQuery("model_list", {}, LOOK_MS);
  const machine = useQuery("hive_check", {});
  const memory = machine.data?.memory.total_bytes ?? Number.POSITIVE_INFINITY;
  return (
    <>
      <PageHead title={words.title} intro={words.intro} />
      <AddModel onAdded={models.reload} />
      {models.error && <ErrorNotice error={models.error} />}
      {!models.data && !models.error && <Waiting label={texts.loading} />}
      {models.data?.models.length === 0 && (
        <Empty title={words.empty}>
          <p>{words.emptyBody}</p>
        </Empty>
      )}
      {models.data && models.data.models.length > 0 && <Models models={models.data.models} memory={memory} onChange={models.reload} />}
    </>
  );
}

function AddModel({ onAdded }: { onAdded: () => void }) {
  const client = useClient();
  const { tell, attempt } = useToasts();
  const [path, setPath] = useState("");
  const [isBusy, setBusy] = useState(false);
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    const model = path.trim();
    // What is fetched takes its time: it is watched as a job. A file here is there at once.
    if (!model.startsWith("/")) {
      await attempt(async () => goTo("jobs", (await client.submit("model_download", { model })).job_id));
      return;
    }
    setBusy(true);
    const isAdded = await attempt(async () => tell(words.added((await client.run("model_download", { model })).id)));
    setBusy(false);
    if (isAdded) setPath("");
    onAdded();
  };
  return (
    <section className="panel">
      <h2>{words.add}</h2>
      <form className="row" onSubmit={(event) => void submit(event)}>
        <label className="field grow">
          <span>{words.path}</span>
          <input
            className="mono"
            value={path}
            onChange={(event) => setPath(event.target.value)}
            placeholder="Qwen/Qwen3-0.6B-GGUF"
            autoComplete="off"
            spellCheck={false}
            required
          />
        </label>
        <Button type="submit" look="main" icon={<Plus aria-hidden className="icon" />} disabled={isBusy}>
          {words.submit}
        </Button>
      </form>
      <p className="quiet-text">{words.pathHelp}</p>
    </section>
  );
}

function Models({ models, memory, onChange }: { models: readonly Model[]; memory: number; onChange: () => void }) {
  const columns = words.columns;
  return (
    <Table
      label={words.title}
      rows={models}
      keyOf={({ id }) => id}
      columns={[
        { title: columns.name, cell: ({ id }) => <span className="mono">{id}</span> },
        {
          title: columns.size,
          look: "number",
          cell: ({ size_bytes }) => (
            <>
              {formatBytes(size_bytes)}
              {size_bytes > memory && <span className="badge warn">{words.tooLarge}</span>}
            </>
          ),
        },
        { title: columns.quantization, cell: ({ quantization }) => quantization },
        { title: columns.parameters, look: "number", cell: ({ parameters }) => parameters && formatCount(parameters) },
        { title: columns.context, look: "number", cell: ({ context_length }) => context_length?.toLocaleString("en") },
        { title: columns.actions, look: "actions", cell: (model) => <ModelActions model={model} onChange={onChange} /> },
      ]}
    />
  );
}

function ModelActions({ model: { id }, onChange }: { model: Model; onChange: () => void }) {
  const client = useClient();
  const { tell, attempt } = useToasts();
  const remove = async () => {
    await attempt(async () => tell(words.removed((await client.run("model_remove", { id })).id)));
    onChange();
  };
  return (
    <>
      <LinkButton look="quiet" icon={<MessageSquare aria-hidden className="icon" />} href={hrefOf("chat", id)}>
        {words.chat}
      </LinkButton>
      <Confirm
        trigger={
          <Button look="quiet" icon={<Trash2 aria-hidden className="icon" />} aria-label={`${words.remove} ${id}`}>
            {words.remove}
          </Button>
        }
        title={words.removeTitle(id)}
        body={words.removeLinked}
        action={words.remove}
        onConfirm={() => void remove()}
      />
    </>
  );
}
