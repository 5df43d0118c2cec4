// A worker among others: what it is, whether it is here, why it does not fit.
import { ArrowUp, Check, TriangleAlert } from "lucide-react";
import type { Output } from "../../../lib/contract/operations.ts";
import { isOlder } from "../format.ts";
import { hrefOf } from "../router.ts";
import { texts } from "../texts.ts";

export type Offered = Output<"worker_catalog_list">["workers"][number];
export type Installed = Output<"worker_list_installed">["workers"][number];

const words = texts.workers;

export function Cards({
  title,
  workers,
  installed,
}: {
  title: string;
  workers: readonly Offered[];
  /** The versions in use. */
  installed: readonly Installed[];
}) {
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
  const { id, name, description, unfit } = worker;
  return (
    <article className={`card ${unfit.length > 0 ? "unfit" : ""}`}>
      <CardHead id={id} name={name} />
      <p className="card-text">{description}</p>
      {unfit.length > 0 && (
        <p className="reason">
          <TriangleAlert aria-hidden className="icon" />
          {unfit.join("; ")}
        </p>
      )}
      <Badges worker={worker} version={version} />
    </article>
  );
}

function CardHead({ id, name }: { id: string; name: string }) {
  return (
    <>
      <h3>
        <a className="card-link" href={hrefOf("workers", id)}>
          {name}
        </a>
      </h3>
      <p className="mono id">{id}</p>
    </>
  );
}

function Badges({ worker, version }: { worker: Offered; version: string | undefined }) {
  const hasNewer = version !== undefined && isOlder(version, worker.version);
  return (
    <p className="badges">
      {version !== undefined && <InstalledBadge version={version} />}
      {hasNewer && (
        <span className="badge busy">
          <ArrowUp aria-hidden className="icon" />
          {texts.versions.available(worker.version)}
        </span>
      )}
      {version === undefined && <span className="badge">{worker.version}</span>}
      <span className="badge">{words.devices[worker.worker_type]}</span>
      {worker.supported_formats.map((format) => (
        <span key={format} className="badge">
          {format}
        </span>
      ))}
      <span className="badge">{worker.license}</span>
      {worker.hides_builtin && <span className="badge warn">{words.hidesBuiltin}</span>}
    </p>
  );
}

function InstalledBadge({ version }: { version: string }) {
  return (
    <span className="badge good">
      <Check aria-hidden className="icon" />
      {words.installedVersion(version)}
    </span>
  );
}

/** What is here and in no catalog any more. */
export function Gone({ workers }: { workers: readonly Installed[] }) {
  if (workers.length === 0) return null;
  return (
    <section>
      <h2>{words.gone}</h2>
      <ul className="cards">
        {workers.map(({ id, name, version, prefix }) => (
          <li key={`${prefix} ${id}`}>
            <article className="card">
              <CardHead id={id} name={name} />
              <p className="badges">
                <InstalledBadge version={version} />
              </p>
            </article>
          </li>
        ))}
      </ul>
    </section>
  );
}
