// What workers exist and what is here: what fits this machine first, and why the others do not.
import { FileInput } from "lucide-react";
import { useState } from "react";
import { Entry } from "../../../lib/contract/entry.ts";
import { Button } from "../parts/button.tsx";
import { Choice } from "../parts/choice.tsx";
import { Empty, ErrorNotice, Notice, Waiting } from "../parts/notice.tsx";
import { PageHead } from "../parts/page-head.tsx";
import { SearchField } from "../parts/search-field.tsx";
import { useQuery } from "../query.ts";
import { texts } from "../texts.ts";
import { ImportDialog } from "./import-dialog.tsx";
import { Cards, Gone, type Installed, type Offered } from "./worker-card.tsx";

const words = texts.workers;
const ALL = "all";
const DEVICES = Entry.shape.worker_type.options;
const LOOK_MS = 10_000;

interface Filter {
  readonly search: string;
  readonly device: string;
  readonly isHereOnly: boolean;
}
const NO_FILTER: Filter = { search: "", device: ALL, isHereOnly: false };

export function WorkersView() {
  const catalog = useQuery("worker_catalog_list", {}, LOOK_MS);
  const installed = useQuery("worker_list_installed", {}, LOOK_MS);
  const [filter, setFilter] = useState(NO_FILTER);
  // Both or none: a badge that comes later would move what stands beside it.
  const isKnown = catalog.data !== undefined && (installed.data !== undefined || installed.error !== undefined);
  const offers = isKnown ? catalog.data!.workers : [];
  const here = (installed.data?.workers ?? []).filter(({ active }) => active);
  const found = offers.filter((worker) => passes(worker, filter, here));
  const gone = isKnown
    ? here.filter(({ id, entry }) => !offers.some((offer) => offer.id === id) && passes(entry as Offered, filter, here))
    : [];
  return (
    <>
      <PageHead title={words.title} intro={words.intro}>
        <ImportDialog trigger={<Button icon={<FileInput aria-hidden className="icon" />}>{texts.importing.open}</Button>} />
      </PageHead>
      <Filters filter={filter} onChange={setFilter}>
        {isKnown && words.found(found.length + gone.length)}
      </Filters>
      {catalog.error && <ErrorNotice error={catalog.error} />}
      {catalog.data?.notes.map((note) => (
        <Notice key={note} kind="warn" title={note} />
      ))}
      {!isKnown && !catalog.error && <Waiting label={texts.loading} rows={4} />}
      <Cards
        title={words.fits}
        workers={inOrder(
          found.filter(({ unfit }) => unfit.length === 0),
          here,
        )}
        installed={here}
      />
      <Cards title={words.others} workers={found.filter(({ unfit }) => unfit.length > 0)} installed={here} />
      <Gone workers={gone} />
      {isKnown && found.length + gone.length === 0 && (
        <Empty title={words.none}>
          <p>{words.noneBody}</p>
          <Button onClick={() => setFilter(NO_FILTER)}>{words.clear}</Button>
        </Empty>
      )}
    </>
  );
}

interface FiltersProps {
  readonly filter: Filter;
  readonly onChange: (filter: Filter) => void;
  /** How much was found, for those who do not see it. */
  readonly children: React.ReactNode;
}

function Filters({ filter, onChange, children }: FiltersProps) {
  const change = (part: Partial<Filter>) => onChange({ ...filter, ...part });
  return (
    <search className="filters">
      <SearchField label={words.search} value={filter.search} onChange={(search) => change({ search })} />
      <Choice
        label={words.device}
        value={filter.device}
        onChange={(device) => change({ device })}
        options={[{ value: ALL, text: words.allDevices }, ...DEVICES.map((name) => ({ value: name as string, text: words.devices[name] }))]}
      />
      <label className="check">
        <input type="checkbox" checked={filter.isHereOnly} onChange={({ target }) => change({ isHereOnly: target.checked })} />
        {words.installedOnly}
      </label>
      <span className="visually-hidden" role="status">
        {children}
      </span>
    </search>
  );
}

/** What is here, then what was run to its end somewhere, then the rest, each as the catalogs have it. */
function inOrder(workers: readonly Offered[], here: readonly Installed[]): readonly Offered[] {
  const rank = ({ id, verified_on }: Offered) => (here.some((worker) => worker.id === id) ? 0 : verified_on?.length ? 1 : 2);
  return [...workers].sort((a, b) => rank(a) - rank(b));
}

function passes(worker: Offered, { search, device, isHereOnly }: Filter, here: readonly Installed[]): boolean {
  const isOfDevice = device === ALL || worker.worker_type === device;
  return matches(worker, search) && isOfDevice && (!isHereOnly || here.some(({ id }) => id === worker.id));
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
