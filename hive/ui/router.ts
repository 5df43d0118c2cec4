// Which view is shown: the part of the address behind `#`, so that reload, back and bookmarks work and the hive serves one page.
import { useSyncExternalStore } from "react";

export const VIEWS = ["workers", "models", "chat", "running", "jobs", "machine"] as const;
export type View = (typeof VIEWS)[number];

export interface Route {
  readonly view: View;
  /** The one thing that is looked at: a worker, a job, a process. */
  readonly id: string | undefined;
}

export function hrefOf(view: View, id?: string): string {
  return id === undefined ? `#/${view}` : `#/${view}/${encodeURIComponent(id)}`;
}

export function goTo(view: View, id?: string): void {
  location.hash = hrefOf(view, id);
}

export function useRoute(): Route {
  const hash = useSyncExternalStore(subscribe, () => location.hash);
  const [, name, id] = /^#\/([a-z]+)(?:\/(.+))?$/.exec(hash) ?? [];
  const view = VIEWS.find((known) => known === name);
  return view ? { view, id: id === undefined ? undefined : decodeURIComponent(id) } : { view: "workers", id: undefined };
}

function subscribe(onChange: () => void): () => void {
  addEventListener("hashchange", onChange);
  return () => removeEventListener("hashchange", onChange);
}
