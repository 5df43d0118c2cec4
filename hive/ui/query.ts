// Answers of the hive for views: asked when shown, asked again while somebody looks, kept so that coming back shows them at once.
import { useCallback, useEffect, useRef, useState } from "react";
import type { JobView } from "../../lib/contract/events.ts";
import type { InputWritten, OperationName, Output } from "../../lib/contract/operations.ts";
import type { Upload } from "../../lib/contract/views.ts";
import { type RbeeError, toRbeeError } from "../../lib/errors.ts";
import { useClient, useSession } from "./session.tsx";

export interface Answer<Data> {
  readonly data: Data | undefined;
  readonly error: RbeeError | undefined;
  reload(): void;
}

/** The last answers, by question. Entries; the oldest gives way. */
const KEPT = 100;
const kept = new Map<string, unknown>();

/** What a query answers, asked every `everyMs` milliseconds while the page is visible. */
export function useQuery<Name extends OperationName>(name: Name, input: InputWritten<Name>, everyMs?: number): Answer<Output<Name>> {
  const client = useClient();
  const question = JSON.stringify([name, input]);
  const ask = useCallback(() => {
    const [asked, written] = JSON.parse(question) as [Name, InputWritten<Name>];
    return client.run(asked, written);
  }, [client, question]);
  return useAnswer(question, ask, everyMs);
}

/** All jobs, newest first. */
export function useJobs(everyMs = 2_000): Answer<JobView[]> {
  const client = useClient();
  const ask = useCallback(async () => (await client.jobs()).jobs, [client]);
  return useAnswer("jobs", ask, everyMs);
}

/** Uploads that are not whole. */
export function useUploads(everyMs = 5_000): Answer<Upload[]> {
  const client = useClient();
  const ask = useCallback(async () => (await client.uploads()).uploads, [client]);
  return useAnswer("uploads", ask, everyMs);
}

function useAnswer<Data>(key: string, ask: () => Promise<Data>, everyMs: number | undefined): Answer<Data> {
  const { tell } = useSession();
  const told = useRef(tell);
  told.current = tell;
  const [, redraw] = useState(0);
  const [error, setError] = useState<RbeeError>();
  const load = useCallback(async () => {
    try {
      keep(key, await ask());
      setError(undefined);
    } catch (thrown) {
      const problem = toRbeeError(thrown);
      told.current(problem);
      setError(problem);
    }
    redraw((count) => count + 1);
  }, [key, ask]);
  useEffect(() => {
    void load();
    return everyMs === undefined ? undefined : whileVisible(load, everyMs);
  }, [load, everyMs]);
  return { data: kept.get(key) as Data | undefined, error, reload: () => void load() };
}

function keep(key: string, data: unknown): void {
  kept.delete(key);
  kept.set(key, data);
  if (kept.size > KEPT) kept.delete(kept.keys().next().value!);
}

/** One after the other: the next question waits for the last answer. A hidden page asks nothing and catches up when it is seen. */
function whileVisible(action: () => Promise<void>, everyMs: number): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const next = () => {
    timer = setTimeout(async () => {
      if (document.visibilityState === "visible") await action();
      if (timer !== undefined) next();
    }, everyMs);
  };
  const onSeen = () => {
    if (document.visibilityState === "visible") void action();
  };
  next();
  document.addEventListener("visibilitychange", onSeen);
  return () => {
    clearTimeout(timer);
    timer = undefined;
    document.removeEventListener("visibilitychange", onSeen);
  };
}
