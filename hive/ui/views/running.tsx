// Worker processes: what runs, its log, starting and stopping.
import { Play, Square } from "lucide-react";
import { useEffect, useState } from "react";
import type { WorkerProcess } from "../../../lib/contract/views.ts";
import { formatTime } from "../format.ts";
import { LogStore } from "../log-store.ts";
import { Button } from "../parts/button.tsx";
import { LogView } from "../parts/log-view.tsx";
import { Empty, ErrorNotice, Waiting } from "../parts/notice.tsx";
import { Facts, mono, PageHead } from "../parts/page-head.tsx";
import { useToasts } from "../parts/toasts.tsx";
import { useQuery } from "../query.ts";
import { useClient } from "../session.tsx";
import { texts } from "../texts.ts";
import { ProcessCharts } from "./process-charts.tsx";
import { StartDialog } from "./start-dialog.tsx";

const words = texts.running;
const LOOK_MS = 2_000;

export function RunningView() {
  const { data, error, reload } = useQuery("worker_process_list", {}, LOOK_MS);
  const processes = [...(data?.processes ?? [])].reverse();
  const living = processes.filter(isLiving);
  const former = processes.filter((process) => !isLiving(process));
  return (
    <>
      <PageHead title={words.title} intro={words.intro}>
        <StartDialog
          trigger={
            <Button look="main" icon={<Play aria-hidden className="icon" />}>
              {words.start}
            </Button>
          }
        />
      </PageHead>
      {error && <ErrorNotice error={error} />}
      {!data && !error && <Waiting label={texts.loading} />}
      {data && living.length === 0 && (
        <Empty title={words.empty}>
          <p>{words.emptyBody}</p>
        </Empty>
      )}
      {living.length > 0 && (
        <section>
          <h2 className="visually-hidden">{words.title}</h2>
          {living.map((process) => (
            <Process key={process.id} process={process} onChange={reload} />
          ))}
        </section>
      )}
      {former.length > 0 && (
        <section>
          <h2>{words.former}</h2>
          {former.map((process) => (
            <Process key={process.id} process={process} onChange={reload} />
          ))}
        </section>
      )}
    </>
  );
}

function isLiving({ state }: WorkerProcess): boolean {
  return state !== "stopped" && state !== "crashed";
}

const LOOKS = {
  starting: "busy",
  ready: "good",
  busy: "busy",
  idle: "good",
  restarting: "warn",
  unloaded: "",
  stopping: "warn",
  stopped: "",
  crashed: "bad",
} as const;

function Process({ process, onChange }: { process: WorkerProcess; onChange: () => void }) {
  const client = useClient();
  const { tell, attempt } = useToasts();
  const [isLogShown, setLogShown] = useState(false);
  const { id, state, worker_id, model } = process;
  const stop = async () => {
    await attempt(async () => tell(words.stopped((await client.run("worker_process_delete", { id })).worker_id)));
    onChange();
  };
  return (
    <article className="panel process" aria-label={`${worker_id} ${id}`}>
      <div className="section-head">
        <h3>
          {worker_id}
          {model && <span className="quiet-text"> · {model}</span>}
        </h3>
        <span className={`badge ${LOOKS[state]}`}>{words.states[state]}</span>
      </div>
      <Facts
        facts={[
          [texts.id, id],
          [words.pid, String(process.pid)],
          [words.address, mono(process.url)],
          [words.device, process.device],
          [words.since, formatTime(process.started_at)],
          [words.exit, process.exit],
        ]}
      />
      {isLiving(process) && <ProcessCharts process={process} everyMs={LOOK_MS} />}
      <div className="actions">
        <Button aria-expanded={isLogShown} onClick={() => setLogShown(!isLogShown)}>
          {isLogShown ? words.hideLogs : words.logs}
        </Button>
        {isLiving(process) && (
          <Button icon={<Square aria-hidden className="icon" />} disabled={state === "stopping"} onClick={() => void stop()}>
            {words.stop}
          </Button>
        )}
      </div>
      {isLogShown && <ProcessLog id={id} />}
    </article>
  );
}

function ProcessLog({ id }: { id: string }) {
  const client = useClient();
  const [log] = useState(() => new LogStore());
  useEffect(() => {
    let isShown = true;
    let taken = 0;
    const read = async () => {
      while (isShown) {
        // What ends without a newline is not whole yet.
        const text = await (await client.processLog(id)).text();
        const whole = text.slice(taken, text.lastIndexOf("\n") + 1);
        if (isShown && whole !== "") log.append(whole.slice(0, -1).split("\n"));
        taken += whole.length;
        await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
      }
    };
    void read().catch(() => {});
    return () => {
      isShown = false;
    };
  }, [client, id, log]);
  return <LogView log={log} fileName={`rbee-process-${id}.log`} />;
}
