// The models that are here; adding one, removing one.
import { MessageSquare, Trash2 } from "lucide-react";
import type { Model } from "../../../lib/contract/views.ts";
import { formatBytes, formatCount } from "../format.ts";
import { Button, LinkButton } from "../parts/button.tsx";
import { Confirm } from "../parts/confirm.tsx";
import { Empty, ErrorNotice, Waiting } from "../parts/notice.tsx";
import { PageHead } from "../parts/page-head.tsx";
import { Table } from "../parts/table.tsx";
import { useToasts } from "../parts/toasts.tsx";
import { useJobs, useQuery, useUploads } from "../query.ts";
import { hrefOf } from "../router.ts";
import { useClient } from "../session.tsx";
import { texts } from "../texts.ts";
import { AddModel } from "./add-model.tsx";
import { Transfers } from "./transfers.tsx";

const words = texts.models;
const LOOK_MS = 5_000;

export function ModelsView() {
  const models = useQuery("model_list", {}, LOOK_MS);
  const machine = useQuery("hive_check", {});
  const jobs = useJobs();
  const begun = useUploads();
  // All or none: what comes later would move what stands below.
  const isKnown = [models, jobs, begun].every(({ data, error }) => data !== undefined || error !== undefined) && models.data !== undefined;
  const reload = () => {
    models.reload();
    jobs.reload();
    begun.reload();
  };
  const memory = machine.data?.memory.total_bytes ?? Number.POSITIVE_INFINITY;
  return (
    <>
      <PageHead title={words.title} intro={words.intro} />
      <AddModel onAdded={reload} />
      {models.error && <ErrorNotice error={models.error} />}
      {!isKnown && !models.error && <Waiting label={texts.loading} />}
      {isKnown && <Transfers jobs={jobs.data ?? []} begun={begun.data ?? []} onChange={reload} />}
      {isKnown && (
        <section>
          <h2>{words.here}</h2>
          {models.data!.models.length === 0 ? (
            <Empty title={words.empty}>
              <p>{words.emptyBody}</p>
            </Empty>
          ) : (
            <Models models={models.data!.models} memory={memory} onChange={reload} />
          )}
        </section>
      )}
    </>
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
    await attempt(async () => {
      const { freed_bytes } = await client.run("model_remove", { id });
      tell(words.removed(id, formatBytes(freed_bytes)));
    });
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
        body={<WhatRemovalFrees id={id} />}
        action={words.remove}
        onConfirm={() => void remove()}
      />
    </>
  );
}

function WhatRemovalFrees({ id }: { id: string }) {
  const { data, error } = useQuery("model_get", { id });
  if (error) return error.message;
  if (!data) return texts.loading;
  return data.kept === "linked" ? words.removeLinked : words.removeFrees(formatBytes(data.frees_bytes));
}
