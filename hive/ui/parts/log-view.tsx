// A log: a million lines at the speed of the screen, searched, followed until somebody scrolls, copied, taken along.
import { ArrowDownToLine, ChevronDown, ChevronUp, Copy, Download } from "lucide-react";
import { useCallback, useEffect, useLayoutEffect, useRef, useState, useSyncExternalStore } from "react";
import type { LogStore } from "../log-store.ts";
import { texts } from "../texts.ts";
import { AnsiLine, stripCodes } from "./ansi.tsx";
import { IconButton } from "./button.tsx";
import { useCopy } from "./copy.tsx";
import { useMatches } from "./log-search.ts";
import { scrollTopFor, windowOf } from "./log-window.ts";
import { ScrollRegion } from "./scroll-region.tsx";
import { SearchField } from "./search-field.tsx";

/** A row's height in units of the root font; style.css says the same. */
const ROW_REM = 1.25;

export function LogView({ log, fileName }: { log: LogStore; fileName: string }) {
  const version = useSyncExternalStore(log.subscribe, log.version);
  const [written, setWritten] = useState("");
  const [at, setAt] = useState(0);
  const [isFollowing, setFollowing] = useState(true);
  const query = written.toLowerCase();
  const matches = useMatches(log, query, version);
  const current = matches[Math.min(at, matches.length - 1)];
  const move = (by: number) => {
    if (matches.length === 0) return;
    setFollowing(false);
    setAt((Math.min(at, matches.length - 1) + by + matches.length) % matches.length);
  };
  const search = (text: string) => {
    setWritten(text);
    setAt(0);
    if (text !== "") setFollowing(false);
  };
  return (
    <div className="log">
      <div className="log-bar">
        <SearchField
          label={texts.log.search}
          value={written}
          onChange={search}
          onKeyDown={(event) => event.key === "Enter" && move(event.shiftKey ? -1 : 1)}
        />
        <span className="log-matches" role="status">
          {query === ""
            ? texts.log.lines(log.dropped + log.lines.length)
            : texts.log.matches(matches.length ? Math.min(at, matches.length - 1) + 1 : 0, matches.length)}
        </span>
        <IconButton
          label={texts.log.previous}
          icon={<ChevronUp aria-hidden className="icon" />}
          disabled={matches.length === 0}
          onClick={() => move(-1)}
        />
        <IconButton
          label={texts.log.next}
          icon={<ChevronDown aria-hidden className="icon" />}
          disabled={matches.length === 0}
          onClick={() => move(1)}
        />
        <span className="log-tools">
          <IconButton
            label={texts.log.follow}
            aria-pressed={isFollowing}
            icon={<ArrowDownToLine aria-hidden className="icon" />}
            onClick={() => setFollowing(!isFollowing)}
          />
          <LogTools log={log} fileName={fileName} />
        </span>
      </div>
      <Rows log={log} version={version} query={query} current={current} isFollowing={isFollowing} onFollow={setFollowing} />
    </div>
  );
}

function LogTools({ log, fileName }: { log: LogStore; fileName: string }) {
  const copy = useCopy();
  const text = () => `${log.lines.map(stripCodes).join("\n")}\n`;
  return (
    <>
      <IconButton label={texts.log.copy} icon={<Copy aria-hidden className="icon" />} onClick={() => void copy(text())} />
      <IconButton label={texts.log.download} icon={<Download aria-hidden className="icon" />} onClick={() => download(text(), fileName)} />
    </>
  );
}

interface RowsProps {
  readonly log: LogStore;
  readonly version: number;
  readonly query: string;
  readonly current: number | undefined;
  readonly isFollowing: boolean;
  readonly onFollow: (isFollowing: boolean) => void;
}

function Rows({ log, query, current, isFollowing, onFollow, version }: RowsProps) {
  const view = useRef<HTMLElement>(null);
  const [place, setPlace] = useState({ scrollTop: 0, viewHeight: 0 });
  const rowHeight = useRowHeight();
  const rows = log.lines.length;
  const seen = windowOf({ rows, rowHeight, ...place });
  const read = useCallback(() => {
    // The last scroll may be told after the view has gone.
    if (!view.current) return;
    const { scrollTop, clientHeight } = view.current;
    setPlace((old) => (old.scrollTop === scrollTop && old.viewHeight === clientHeight ? old : { scrollTop, viewHeight: clientHeight }));
  }, []);
  useEffect(() => {
    const observer = new ResizeObserver(read);
    observer.observe(view.current!);
    return () => observer.disconnect();
  }, [read]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new version means new lines at the end
  useLayoutEffect(() => {
    if (!isFollowing) return;
    view.current!.scrollTop = view.current!.scrollHeight;
    read();
  }, [isFollowing, version, place.viewHeight, read]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: only another match moves the view, not a growing log
  useEffect(() => {
    if (current === undefined) return;
    view.current!.scrollTop = scrollTopFor(current - log.dropped, { rows, rowHeight, viewHeight: place.viewHeight });
  }, [current]);
  const onScroll = () => {
    if (!view.current) return;
    const { scrollTop, clientHeight, scrollHeight } = view.current;
    const isAtEnd = scrollTop + clientHeight >= scrollHeight - rowHeight;
    if (scrollTop < place.scrollTop && !isAtEnd) onFollow(false);
    else if (isAtEnd && scrollTop > place.scrollTop) onFollow(true);
    read();
  };
  return (
    <ScrollRegion ref={view} className="log-view" label={texts.log.title} onScroll={onScroll}>
      {rows === 0 && <p className="log-empty">{texts.log.empty}</p>}
      {log.dropped > 0 && place.scrollTop === 0 && <p className="log-empty">{texts.log.dropped(log.dropped)}</p>}
      <div className="log-space" style={{ height: seen.height }}>
        <div className="log-rows" style={{ transform: `translateY(${seen.offset}px)` }}>
          {log.lines.slice(seen.first, seen.end).map((line, row) => (
            <div
              // biome-ignore lint/suspicious/noArrayIndexKey: a line is its number in the log
              key={log.dropped + seen.first + row}
              className={`log-row ${log.kindOf(seen.first + row) ?? ""} ${log.dropped + seen.first + row === current ? "current" : ""}`}
            >
              <AnsiLine line={line} query={query} />
            </div>
          ))}
        </div>
      </div>
    </ScrollRegion>
  );
}

function useRowHeight(): number {
  const [height, setHeight] = useState(20);
  useEffect(() => {
    const measure = () => setHeight(ROW_REM * Number.parseFloat(getComputedStyle(document.documentElement).fontSize));
    measure();
    addEventListener("resize", measure);
    return () => removeEventListener("resize", measure);
  }, []);
  return height;
}

function download(text: string, fileName: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: "text/plain" }));
  const link = document.createElement("a");
  link.href = url;
  link.download = fileName;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
