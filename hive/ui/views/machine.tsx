// What this machine is and has, who may come in, and how the page looks.
import { LogOut, RefreshCw } from "lucide-react";
import { type ReactNode, useEffect, useState } from "react";
import type { Browser, Capabilities } from "../../../lib/contract/views.ts";
import { formatBytes, formatTime } from "../format.ts";
import { Button } from "../parts/button.tsx";
import { Choice } from "../parts/choice.tsx";
import { Confirm } from "../parts/confirm.tsx";
import { ErrorNotice, Waiting } from "../parts/notice.tsx";
import { Facts, mono, PageHead } from "../parts/page-head.tsx";
import { ScrollRegion } from "../parts/scroll-region.tsx";
import { useToasts } from "../parts/toasts.tsx";
import { useQuery } from "../query.ts";
import { applyScheme, readScheme, type Scheme } from "../scheme.ts";
import { ownId, useClient, useSession } from "../session.tsx";
import { texts } from "../texts.ts";
import { Findings } from "./findings.tsx";
import { Settings } from "./settings.tsx";

const words = texts.machine;

export function MachineView() {
  const client = useClient();
  const { attempt } = useToasts();
  const { signOut } = useSession();
  const { data, error, reload } = useQuery("hive_check", {});
  // All or none: a list that comes later would move what stands below it.
  const rest = [useQuery("browser_list", {}), useQuery("config_list", {})];
  const isKnown = data !== undefined && rest.every((answer) => answer.data !== undefined || answer.error !== undefined);
  const refresh = async () => {
    await attempt(() => client.run("hive_check", { refresh: true }));
    reload();
  };
  return (
    <>
      <PageHead title={words.title} intro={words.intro}>
        <Button icon={<RefreshCw aria-hidden className="icon" />} onClick={() => void refresh()}>
          {words.refresh}
        </Button>
        <Button icon={<LogOut aria-hidden className="icon" />} onClick={signOut}>
          {texts.signIn.signOut}
        </Button>
      </PageHead>
      {error && <ErrorNotice error={error} />}
      {!isKnown && !error && <Waiting label={texts.loading} rows={6} />}
      {isKnown && (
        <div className="panels">
          <Findings />
          <System machine={data} />
          <Disk disk={data.disk} />
          <Panel title={words.toolchains}>
            <List
              items={data.toolchains.map(({ name, version, path }) => [name, <Tool key={name} version={version} path={path} />])}
              empty={words.noToolchains}
            />
          </Panel>
          <Held />
          <Versions machine={data} />
          <Browsers />
          <Appearance />
          {data.notes.length > 0 && (
            <Panel title={words.notes} isWide>
              <ul className="plain-list">
                {data.notes.map((note) => (
                  <li key={note}>{note}</li>
                ))}
              </ul>
            </Panel>
          )}
          <Settings />
        </div>
      )}
    </>
  );
}

function Panel({ title, isWide = false, children }: { title: string; isWide?: boolean; children: ReactNode }) {
  return (
    <section className={`panel ${isWide ? "wide" : ""}`}>
      <h2>{title}</h2>
      {children}
    </section>
  );
}

function Tool({ version, path }: { version: string; path: string }) {
  return (
    <>
      {version} <span className="mono quiet-text">{path}</span>
    </>
  );
}

function List({ items, empty }: { items: readonly (readonly [string, ReactNode])[]; empty: string }) {
  return items.length === 0 ? <p className="quiet-text">{empty}</p> : <Facts facts={items} />;
}

function System({ machine: { platform, architecture, cpu, memory, devices } }: { machine: Capabilities }) {
  return (
    <Panel title={words.system}>
      <Facts
        facts={[
          [words.platform, `${platform} ${architecture}`],
          [words.processor, `${cpu.model}, ${words.cores(cpu.cores)}`],
          [words.memory, words.ofAvailable(formatBytes(memory.available_bytes), formatBytes(memory.total_bytes))],
        ]}
      />
      <h3>{words.devices}</h3>
      <List
        items={devices.map(({ id, name, memory_bytes }) => [id, `${name}${memory_bytes ? ` (${formatBytes(memory_bytes)})` : ""}`])}
        empty={words.noDevices}
      />
    </Panel>
  );
}

function Disk({ disk }: { disk: Capabilities["disk"] }) {
  return (
    <Panel title={words.disk}>
      <ul className="plain-list">
        {disk.map(({ what, path, free_bytes, total_bytes }) => {
          const used = Math.round(100 * (1 - free_bytes / Math.max(total_bytes, 1)));
          return (
            <li key={what} className="disk">
              <span>{what}</span>
              <meter min={0} max={100} high={90} value={used} aria-label={`${what}: ${words.used(used)}`} />
              <span className="quiet-text">
                {words.freeOf(formatBytes(free_bytes), formatBytes(total_bytes))} · <span className="mono">{path}</span>
              </span>
            </li>
          );
        })}
      </ul>
    </Panel>
  );
}

function Held() {
  const client = useClient();
  const { tell, attempt } = useToasts();
  const { data, error, reload } = useQuery("disk_usage", {});
  const prune = async () => {
    await attempt(async () => tell(words.pruned(formatBytes((await client.run("prune", {})).freed_bytes))));
    reload();
  };
  return (
    <Panel title={words.held}>
      {/* Counting files takes its time: the room is kept, so that nothing moves when it is done. */}
      <ScrollRegion className="held" label={words.held}>
        {error && <ErrorNotice error={error} />}
        {!data && !error && <Waiting label={texts.loading} rows={2} />}
        {data && (
          <Facts
            facts={[
              ...[...data.places].sort((a, b) => b.bytes - a.bytes).map(({ what, bytes }) => [what, formatBytes(bytes)] as const),
              [words.total, formatBytes(data.total_bytes)],
            ]}
          />
        )}
      </ScrollRegion>
      <div className="actions">
        <Confirm
          trigger={<Button disabled={!data?.prunable_bytes}>{words.prune}</Button>}
          title={words.pruneTitle}
          body={words.pruneBody(formatBytes(data?.prunable_bytes ?? 0))}
          action={words.prune}
          onConfirm={() => void prune()}
        />
      </div>
    </Panel>
  );
}

function Versions({ machine }: { machine: Capabilities }) {
  const client = useClient();
  const [version, setVersion] = useState("");
  useEffect(() => {
    client.health().then(
      (health) => setVersion(health.version),
      () => {},
    );
  }, [client]);
  return (
    <Panel title={words.versions}>
      <Facts
        facts={[
          [words.hive, version || "…"],
          [words.address, mono(location.origin)],
          ...machine.workers.map(({ id, version: installed }) => [id, installed] as const),
        ]}
      />
    </Panel>
  );
}

function Browsers() {
  const { data, error, reload } = useQuery("browser_list", {});
  return (
    <Panel title={words.browsers}>
      {error && <ErrorNotice error={error} />}
      {data?.browsers.length === 0 && <p className="quiet-text">{words.noBrowsers}</p>}
      <ul className="plain-list">
        {data?.browsers.map((browser) => (
          <BrowserLine key={browser.id} browser={browser} onChange={reload} />
        ))}
      </ul>
    </Panel>
  );
}

function BrowserLine({ browser: { id, name, created_at }, onChange }: { browser: Browser; onChange: () => void }) {
  const client = useClient();
  const { attempt } = useToasts();
  const revoke = async () => {
    await attempt(() => client.run("browser_revoke", { id }));
    onChange();
  };
  return (
    <li className="row">
      <span className="grow">
        {name} <span className="quiet-text">{words.signedIn(formatTime(created_at))}</span>{" "}
        {id === ownId() && <span className="badge">{words.thisOne}</span>}
      </span>
      <Confirm
        trigger={<Button look="quiet">{words.revoke}</Button>}
        title={words.revokeTitle(name)}
        body={words.revokeBody}
        action={words.revoke}
        onConfirm={() => void revoke()}
      />
    </li>
  );
}

function Appearance() {
  const [scheme, setScheme] = useState<Scheme>(readScheme);
  const choose = (value: Scheme) => {
    setScheme(value);
    applyScheme(value);
  };
  const options = (["system", "light", "dark"] as const).map((value) => ({ value, text: words.schemes[value] }));
  return (
    <Panel title={words.appearance} isWide>
      <Choice label={words.appearance} options={options} value={scheme} onChange={choose} />
    </Panel>
  );
}
