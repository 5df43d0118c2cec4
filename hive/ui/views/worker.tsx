// One worker: what it is, how to install it, its recipe.
import { ArrowLeft, Play, Trash2 } from "lucide-react";
import type { Output } from "../../../lib/contract/operations.ts";
import { formatBytes } from "../format.ts";
import { Button, LinkButton } from "../parts/button.tsx";
import { Confirm } from "../parts/confirm.tsx";
import { CopyIcon } from "../parts/copy.tsx";
import { ErrorNotice, Notice, Waiting } from "../parts/notice.tsx";
import { Facts, mono, PageHead } from "../parts/page-head.tsx";
import { Recipe } from "../parts/recipe.tsx";
import { useToasts } from "../parts/toasts.tsx";
import { useQuery } from "../query.ts";
import { goTo, hrefOf } from "../router.ts";
import { useClient } from "../session.tsx";
import { texts } from "../texts.ts";
import { InstallPanel } from "./install.tsx";

type Details = Output<"worker_installed_get">;
const words = texts.worker;

export function WorkerView({ id }: { id: string }) {
  const { data, error, reload } = useQuery("worker_installed_get", { worker_id: id });
  // Both or none: how high the plan is shows when it is known, and what stands below must not move.
  const plan = useQuery("worker_install_plan", { worker_id: id });
  const isKnown = data !== undefined && (plan.data !== undefined || plan.error !== undefined);
  return (
    <>
      <LinkButton look="quiet" icon={<ArrowLeft aria-hidden className="icon" />} href={hrefOf("workers")}>
        {texts.workers.title}
      </LinkButton>
      {error && <ErrorNotice error={error} />}
      {!isKnown && !error && <Waiting label={texts.loading} rows={5} />}
      {isKnown && <Card details={data} onChange={reload} />}
    </>
  );
}

function Card({ details, onChange }: { details: Details; onChange: () => void }) {
  const { id, installed, catalog, recipe } = details;
  const entry = catalog ?? installed[0]?.entry;
  if (!entry) return null;
  return (
    <>
      <PageHead title={entry.name} intro={entry.description}>
        {installed.length > 0 && <InstalledActions id={id} onChange={onChange} />}
      </PageHead>
      {catalog && catalog.unfit.length > 0 && <Notice kind="warn" title={`${words.unfit}: ${catalog.unfit.join("; ")}`} />}
      {catalog && <InstallPanel id={id} origin={catalog.origin} isInstalled={installed.length > 0} />}
      <Facts facts={factsOf(details, entry)} />
      {recipe && (
        <section>
          <div className="section-head">
            <h2>{words.recipe}</h2>
            <CopyIcon text={recipe.text} label={texts.copy} />
          </div>
          <Recipe text={recipe.text} label={words.recipe} />
        </section>
      )}
    </>
  );
}

function factsOf(
  { id, installed, catalog, recipe }: Details,
  entry: NonNullable<Details["catalog"]> | Details["installed"][number]["entry"],
) {
  return [
    ["ID", mono(id)],
    [words.version, entry.version],
    ...installed.flatMap(({ version, binary, size_bytes, files }) => [
      [texts.workers.installed, version],
      [words.binary, mono(binary)],
      [words.size, words.sizeOf(formatBytes(size_bytes), files)],
    ]),
    [words.license, entry.license],
    [words.type, entry.worker_type],
    [words.formats, entry.supported_formats.join(", ")],
    [words.context, words.tokens(entry.max_context_length)],
    [words.platforms, `${entry.platforms.join(", ")} · ${entry.architectures.join(", ")}`],
    [words.needs, [...entry.depends, ...entry.makedepends].join(", ")],
    [words.origin, mono(catalog?.origin ?? installed[0]?.origin)],
    [words.verified, entry.verified_on?.length ? entry.verified_on.join(", ") : words.unverified],
    [words.digest, mono((recipe?.digest ?? installed[0]?.digest)?.slice(0, 16))],
  ] as [string, React.ReactNode][];
}

function InstalledActions({ id, onChange }: { id: string; onChange: () => void }) {
  const client = useClient();
  const { attempt } = useToasts();
  const remove = async () => {
    await attempt(() => client.run("worker_remove", { worker_id: id }));
    onChange();
  };
  const start = async () => {
    await attempt(async () => goTo("jobs", (await client.submit("worker_spawn", { worker: id })).job_id));
  };
  return (
    <>
      <Button icon={<Play aria-hidden className="icon" />} onClick={() => void start()}>
        {words.start}
      </Button>
      <Confirm
        trigger={<Button icon={<Trash2 aria-hidden className="icon" />}>{words.remove}</Button>}
        title={words.removeTitle(id)}
        body={words.removeBody}
        action={words.remove}
        onConfirm={() => void remove()}
      />
    </>
  );
}
