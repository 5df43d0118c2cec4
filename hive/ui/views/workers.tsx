// What workers exist and what is here: what fits this machine first, and why the others do not.
import { Check, TriangleAlert } from "lucide-react";
import { useState } from "react";
import { Entry } from "../../../lib/contract/entry.ts";
import type { Output } from "../../../lib/contract/operations.ts";
import { Button } from "../parts/button.tsx";
import { Choice } from "../parts/choice.tsx";
import { Empty, ErrorNotice, Notice, Waiting } from "../parts/notice.tsx";
import { PageHead } from "../parts/page-head.tsx";
import { SearchField } from "../parts/search-field.tsx";
import { useQuery } from "../query.ts";
import { hrefOf } from "../router.ts";
import { texts } from "../texts.ts";

type Offered = Output<"worker_catalog_list">["workers"][number];
type Installed = Output<"worker_list_installed">["workers"][number];

const words = texts.workers;
const ALL = "all";
const DEVICES = Entry.shape.worker_type.options;
const LOOK_MS = 10_000;

export function WorkersView() {
  const catalog = useQuery("worker_catalog_list", {}, LOOK_MS);
  const installed = useQuery("worker_list_installed", {}, LOOK_MS);
  const [search, setSearch] = useState("");
  const [device, setDevice] = useState<string>(ALL);
  // Both or none: a badge that comes later would move what stands beside it.
  const isKnown = catalog.data !== undefined && (installed.data !== undefined || installed.error !== undefined);
  const offers = isKnown ? catalog.data!.workers : [];
  const here = installed.data?.workers ?? [];
  const found = offers.filter((worker) => matches(worker, search) && (device === ALL || worker.worker_type === device));
  const gone = isKnown ? here.filter(({ id, entry }) => !offers.some((offer) => offer.id === id) && matches(entry as Offered, search)) : [];
  const clear = () => {
    setSearch("");
    setDevice(ALL);
  };
  return (
    <>
      <PageHead title={words.title} intro={words.intro} />
      <search className="filters">
        <SearchField label={words.search} value={search} onChange={setSearch} />
        <Choice
          label={words.device}
          value={device}
          onChange={setDevice}
          options={[{ value: ALL, text: words.allDevices }, ...DEVICES.map((name) => ({ value: name as string, text: name }))]}
        />
        <span className="visually-hidden" role="status">
          {isKnown && words.found(found.length + gone.length)}
        </span>
      </search>
      {catalog.error && <ErrorNotice error={catalog.error} />}
      {catalog.data?.notes.map((note) => (
        <Notice key={note} kind="warn" title={note} />
      ))}
      {!isKnown && !catalog.error && <Waiting label={texts.loading} rows={4} />}
      <Group title={words.fits} workers={found.filter(({ unfit }) => unfit.length === 0)} installed={here} />
      <Group title={words.others} workers={found.filter(({ unfit }) => unfit.length > 0)} installed={here} />
      {gone.length > 0 && <Gone workers={gone} />}
      {isKnown && found.length + gone.length === 0 && (
        <Empty title={words.none}>
          <p>{words.noneBody}</p>
          <Button onClick={clear}>{words.clear}</Button>
        </Empty>
      )}
    </>
  );
}

/** Every word must be somewhere in it. */
function matches(worker: Offered, search: string): boolean {
  const { id, name, description, worker_type, supported_formats, implementation } = worker;
  const text = [id, name, description, worker_type, implementation, ...supported_formats].join(" ").toLowerCase();
  return search
    .toLowerCase()
    .split(/\s+/)
    .every((word) => text.includes(word));
}

function Group({ title, workers, installed }: { title: string; workers: readonly Offered[]; installed: readonly Installed[] }) {
  if (workers.length === 0) return null;
  return (
    <section>
      <h2>{title}</h2>
      <ul className="cards">
        {workers.map((worker) => (
          <li key={worker.id}>
            <Card worker={worker} version={installed.find(({ id }) => id === worker.id)?.version} />
          </li>
        ))}
      </ul>
    </section>
  );
}

function Card({ worker, version }: { worker: Offered; version: string | undefined }) {
  return (
    <article className={`card ${worker.unfit.length > 0 ? "unfit" : ""}`}>
      <h3>
        <a className="card-link" href={hrefOf("workers", worker.id)}>
          {worker.name}
        </a>
      </h3>
      <p className="mono id">{worker.id}</p>
      <p className="card-text">{worker.description}</p>
      {worker.unfit.length > 0 && (
        <p className="reason">
          <TriangleAlert aria-hidden className="icon" />
          {worker.unfit.join("; ")}
        </p>
      )}
      <p className="badges">
        {version !== undefined && (
          <span className="badge good">
            <Check aria-hidden className="icon" />
            {words.installedVersion(version)}
          </span>
        )}
        <span className="badge">{worker.worker_type}</span>
        {worker.supported_formats.map((format) => (
          <span key={format} className="badge">
            {format}
          </span>
        ))}
        <span className="badge">{worker.license}</span>
        {worker.hides_builtin && <span className="badge warn">{words.hidesBuiltin}</span>}
      </p>
    </article>
  );
}

function Gone({ workers }: { workers: readonly Installed[] }) {
  return (
    <section>
      <h2>{words.gone}</h2>
      <ul className="cards">
        {workers.map(({ id, name, version }) => (
          <li key={`${id}@${version}`}>
            <article className="card">
              <h3>
                <a className="card-link" href={hrefOf("workers", id)}>
                  {name}
                </a>
              </h3>
              <p className="mono id">{id}</p>
              <p className="badges">
                <span className="badge good">{words.installedVersion(version)}</span>
              </p>
            </article>
          </li>
        ))}
      </ul>
    </section>
  );
}
