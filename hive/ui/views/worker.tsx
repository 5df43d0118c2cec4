// One worker: what it is, how to install or upgrade it, the versions that are here, its recipe.
import { ArrowLeft, Pin, PinOff, Play, Trash2 } from "lucide-react";
import type { Output } from "../../../lib/contract/operations.ts";
import { isOlder } from "../format.ts";
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
import { Versions } from "./versions.tsx";

type Details = Output<"worker_installed_get">;
type Installed = Details["installed"][number];
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
  const active = installed.find((version) => version.active) ?? installed[0];
  const entry = catalog ?? active?.entry;
  if (!entry) return null;
  const upgrade = upgradeOf(details, active);
  return (
    <>
      <PageHead title={entry.name} intro={entry.description}>
        {active && <InstalledActions worker={active} onChange={onChange} />}
      </PageHead>
      {catalog && catalog.unfit.length > 0 && <Notice kind="warn" title={`${words.unfit}: ${catalog.unfit.join("; ")}`} />}
      {upgrade && active?.pinned && <Notice kind="info" title={texts.versions.held(upgrade)} />}
      {catalog && !active && <InstallPanel id={id} origin={catalog.origin} />}
      {catalog && active && upgrade && !active.pinned && (
        <InstallPanel
          id={id}
          origin={catalog.origin}
          from={active.version}
          upgradeAt={active.binary.slice(0, active.binary.lastIndexOf("/"))}
        />
      )}
      {installed.length > 0 && <Versions versions={installed} onChange={onChange} />}
      <Facts facts={factsOf(details, entry)} />
      {catalog && active && !upgrade && (
        <details className="again">
          <summary>{texts.install.again}</summary>
          <InstallPanel id={id} origin={catalog.origin} from={active.version} />
        </details>
      )}
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

/** The version that an upgrade would bring: another recipe than the one in use, and not an older version. */
function upgradeOf({ catalog, recipe }: Details, active: Installed | undefined): string | undefined {
  if (!catalog || !recipe || !active || recipe.digest === active.digest) return undefined;
  return isOlder(catalog.version, active.version) ? undefined : catalog.version;
}

function factsOf({ id, installed, catalog, recipe }: Details, entry: NonNullable<Details["catalog"]> | Installed["entry"]) {
  return [
    [texts.id, mono(id)],
    [words.version, entry.version],
    [words.binary, mono(installed[0]?.binary)],
    [words.license, entry.license],
    [words.type, texts.workers.devices[entry.worker_type]],
    [words.formats, entry.supported_formats.join(", ")],
    [words.context, words.tokens(entry.max_context_length)],
    [words.platforms, `${entry.platforms.join(", ")} · ${entry.architectures.join(", ")}`],
    [words.needs, [...entry.depends, ...entry.makedepends].join(", ")],
    [words.origin, mono(catalog?.origin ?? installed[0]?.origin)],
    [words.verified, entry.verified_on?.length ? entry.verified_on.join(", ") : words.unverified],
    [words.digest, mono((recipe?.digest ?? installed[0]?.digest)?.slice(0, 16))],
  ] as [string, React.ReactNode][];
}

function InstalledActions({ worker: { id, pinned }, onChange }: { worker: Installed; onChange: () => void }) {
  const client = useClient();
  const { attempt } = useToasts();
  const remove = async () => {
    await attempt(() => client.run("worker_remove", { worker_id: id }));
    onChange();
  };
  const pin = async () => {
    await attempt(() => client.run(pinned ? "worker_unpin" : "worker_pin", { worker_id: id }));
    onChange();
  };
  const start = async () => {
    await attempt(async () => goTo("jobs", (await client.submit("worker_spawn", { worker: id })).job_id));
  };
  return (
    <>
      <Button look="main" icon={<Play aria-hidden className="icon" />} onClick={() => void start()}>
        {words.start}
      </Button>
      <Button
        title={words.pinHelp}
        icon={pinned ? <PinOff aria-hidden className="icon" /> : <Pin aria-hidden className="icon" />}
        onClick={() => void pin()}
      >
        {pinned ? words.unpin : words.pin}
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
