// The frame of the page: who is in, where to go, what is shown.
import { CSPProvider } from "@base-ui/react/csp-provider";
import { Boxes, Cpu, type LucideIcon, MessageSquare, Package, Play, ScrollText } from "lucide-react";
import { type ComponentType, useEffect, useRef } from "react";
import { Button } from "./parts/button.tsx";
import { Mark } from "./parts/mark.tsx";
import { ErrorNotice } from "./parts/notice.tsx";
import { Toasts } from "./parts/toasts.tsx";
import { useJobs } from "./query.ts";
import { hrefOf, type Route, useRoute, VIEWS, type View } from "./router.ts";
import { SessionProvider, useSession } from "./session.tsx";
import { texts } from "./texts.ts";
import { ChatView } from "./views/chat.tsx";
import { JobView } from "./views/job.tsx";
import { JobsView } from "./views/jobs.tsx";
import { MachineView } from "./views/machine.tsx";
import { ModelsView } from "./views/models.tsx";
import { RunningView } from "./views/running.tsx";
import { SignInView } from "./views/sign-in.tsx";
import { WorkerView } from "./views/worker.tsx";
import { WorkersView } from "./views/workers.tsx";

const ICONS: Readonly<Record<View, LucideIcon>> = {
  workers: Package,
  models: Boxes,
  chat: MessageSquare,
  running: Play,
  jobs: ScrollText,
  machine: Cpu,
};

/** A view alone, or the view of one thing. */
const SHOWN: Readonly<Record<View, { all: ComponentType; one?: ComponentType<{ id: string }> }>> = {
  workers: { all: WorkersView, one: WorkerView },
  models: { all: ModelsView },
  chat: { all: ChatView, one: ChatView },
  running: { all: RunningView },
  jobs: { all: JobsView, one: JobView },
  machine: { all: MachineView },
};

export function App() {
  return (
    // The policy forbids styles that were not sent as a file; ours hold what the components would bring themselves.
    <CSPProvider disableStyleElements>
      <SessionProvider>
        <Toasts>
          <Door />
        </Toasts>
      </SessionProvider>
    </CSPProvider>
  );
}

function Door() {
  const { state, retry } = useSession();
  switch (state.is) {
    case "opening":
      return null;
    case "out":
      return <SignInView error={state.error} />;
    case "unreachable":
      return (
        <main className="alone">
          <h1>{texts.unreachable.title}</h1>
          <p>{texts.unreachable.body}</p>
          <ErrorNotice error={state.error} />
          <Button look="main" onClick={retry}>
            {texts.retry}
          </Button>
          <Knock onKnock={retry} />
        </main>
      );
    case "in":
      return <Frame />;
  }
}

const KNOCK_MS = 2_000;

/** Asks again while the hive is away. */
function Knock({ onKnock }: { onKnock: () => void }) {
  useEffect(() => {
    const timer = setInterval(onKnock, KNOCK_MS);
    return () => clearInterval(timer);
  }, [onKnock]);
  return null;
}

function Frame() {
  const route = useRoute();
  const main = useRef<HTMLElement>(null);
  useTitle(route);
  useFocusOnChange(route, main);
  return (
    <div className="frame">
      <button type="button" className="skip" onClick={() => main.current?.focus()}>
        {texts.skip}
      </button>
      <header className="side">
        <a className="brand" href={hrefOf("workers")}>
          <Mark />
          {texts.name}
        </a>
        <nav aria-label={texts.menu}>
          <ul className="menu">
            {VIEWS.map((view) => (
              <MenuItem key={view} view={view} isCurrent={route.view === view} />
            ))}
          </ul>
        </nav>
      </header>
      <main ref={main} id="main" tabIndex={-1}>
        <Shown route={route} />
      </main>
    </div>
  );
}

function Shown({ route: { view, id } }: { route: Route }) {
  const { all: All, one: One } = SHOWN[view];
  return One && id !== undefined ? <One key={id} id={id} /> : <All />;
}

function MenuItem({ view, isCurrent }: { view: View; isCurrent: boolean }) {
  const Icon = ICONS[view];
  return (
    <li>
      <a className="menu-item" href={hrefOf(view)} aria-current={isCurrent ? "page" : undefined}>
        <Icon aria-hidden className="icon" />
        <span>{texts.views[view]}</span>
        {view === "jobs" && <ActiveJobs />}
      </a>
    </li>
  );
}

function ActiveJobs() {
  const { data } = useJobs();
  const active = (data ?? []).filter(({ ended_at }) => ended_at === undefined).length;
  if (active === 0) return null;
  return (
    <span className="badge count" title={texts.activeJobs(active)}>
      {active}
      <span className="visually-hidden"> {texts.activeJobs(active)}</span>
    </span>
  );
}

function useTitle({ view, id }: Route): void {
  useEffect(() => {
    document.title = [id, texts.views[view], texts.name].filter(Boolean).join(" · ");
  }, [view, id]);
}

/** After a change of view the keyboard and the screen reader go on in the new one; not at the first view, where nobody left anything. */
function useFocusOnChange({ view, id }: Route, main: React.RefObject<HTMLElement | null>): void {
  const shown = useRef(`${view}/${id}`);
  useEffect(() => {
    if (shown.current === `${view}/${id}`) return;
    shown.current = `${view}/${id}`;
    main.current?.focus({ preventScroll: true });
    scrollTo(0, 0);
  }, [view, id, main]);
}
