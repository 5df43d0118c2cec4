// Finds a text in a log that may have a million lines and grow, a few milliseconds at a time.
import { useEffect, useRef, useState } from "react";
import type { LogStore } from "../log-store.ts";
import { stripCodes } from "./ansi.tsx";

/** The page must answer while it searches: it pauses after this time. */
const SLICE_MS = 6;
const LOOK_EVERY = 512;

/** Numbers of the lines that hold `query` (lower case), counted from the log's first line ever; grows as it is found. */
export function useMatches(log: LogStore, query: string, version: number): readonly number[] {
  const [matches, setMatches] = useState<readonly number[]>([]);
  const search = useRef({ query: "", found: [] as number[], next: 0 });
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new version means new lines, the search goes on where it stopped
  useEffect(() => {
    if (search.current.query !== query) search.current = { query, found: [], next: 0 };
    if (query === "") {
      setMatches([]);
      return;
    }
    let timer: ReturnType<typeof setTimeout> | undefined;
    const go = () => {
      const isDone = searchFor(log, search.current);
      setMatches([...search.current.found]);
      if (!isDone) timer = setTimeout(go, 0);
    };
    go();
    return () => clearTimeout(timer);
  }, [log, query, version]);
  return matches;
}

/** True when the end was reached. */
function searchFor(log: LogStore, search: { query: string; found: number[]; next: number }): boolean {
  const until = performance.now() + SLICE_MS;
  search.next = Math.max(search.next, log.dropped);
  for (; search.next < log.dropped + log.lines.length; search.next++) {
    const line = log.lines[search.next - log.dropped]!;
    if (stripCodes(line).toLowerCase().includes(search.query)) search.found.push(search.next);
    if (search.next % LOOK_EVERY === 0 && performance.now() > until) {
      search.next++;
      return false;
    }
  }
  return true;
}
