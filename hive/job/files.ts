// What a job leaves on disk: its journal while it lives, a view beside it when it has ended. Reading them brings jobs of a dead hive to an end.
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { writeFileAtomic } from "../../lib/atomic.ts";
import { JobEvent, JobView, lastWord } from "../../lib/contract/events.ts";
import { fail } from "../../lib/errors.ts";
import { removeTree } from "../../lib/tree.ts";
import { hasEnded } from "../job-state.ts";
import { Journal } from "./journal.ts";
import { fileBacking } from "./journal-backing.ts";

const JOURNAL = "journal.sse";
/** How every journal begins. */
const FIRST = "id: 1\n";
/** More than the first event of most journals takes. */
const FIRST_BYTES = 1 << 16;
/** Written when a job has ended, so that a start need not read its journal. */
const VIEW = "view.json";

/** The journal that a job writes while it lives. */
export function newJournal(directory: string, limitBytes: number): Journal {
  mkdirSync(directory, { mode: 0o700 });
  return new Journal(fileBacking(join(directory, JOURNAL)), { limitBytes });
}

/** The journal of a job that has ended. */
export function openFormerJournal(directory: string): Journal {
  const journal = new Journal(fileBacking(join(directory, JOURNAL)));
  journal.adopt();
  journal.complete();
  return journal;
}

/** The journal has it all; the view only spares the next start to read it, so nobody waits for the disk and a torn one is no loss. */
export function writeView(directory: string, view: JobView): void {
  try {
    writeFileSync(join(directory, VIEW), JSON.stringify(view), { mode: 0o600 });
  } catch {
    // A full disk: the next start reads the journal.
  }
}

/** A directory of jobs says in which format; whoever reads an older one brings it forward here. */
const FORMAT = 1;
const FORMAT_FILE = "format.json";

/** Marks a directory of jobs as ours to read and write. @throws STATE_NEWER when a newer rbee wrote in it. */
export function claimFormat(directory: string): void {
  const path = join(directory, FORMAT_FILE);
  const found = Number(/\d+/.exec(existsSync(path) ? readFileSync(path, "utf8") : "")?.[0] ?? 0);
  if (found > FORMAT) throw fail("STATE_NEWER", { path, found, known: FORMAT });
  if (found !== FORMAT) writeFileAtomic(path, `${JSON.stringify({ format: FORMAT })}\n`, 0o600);
}

interface Found {
  readonly view: JobView;
  /** It ran when the former hive died, and is interrupted now. */
  readonly wasRunning: boolean;
}

/**
 * What a former hive left of a job, brought to an end when it has none. Undefined when nobody ever heard of the job, which is then removed, or when
 * it cannot be understood: it is set aside under another name, told through `onUnreadable`, and never deleted.
 */
export function readJob(directory: string, onUnreadable: (path: string) => void): Found | undefined {
  const ended = readEndedJob(directory);
  if (ended) return ended;
  const begin = beginOf(directory);
  const hasBegun = begin.includes("\n\n") || begin.length === FIRST_BYTES;
  const found = hasBegun ? readBrokenJob(directory) : undefined;
  if (found) return found;
  const isCutOff = !hasBegun && FIRST.startsWith(begin.slice(0, FIRST.length)) && !existsSync(join(directory, VIEW));
  if (isCutOff) removeTree(directory);
  else setAside(directory, onUnreadable);
  return undefined;
}

function setAside(directory: string, onUnreadable: (path: string) => void): void {
  renameSync(directory, `${directory}.unreadable`);
  onUnreadable(directory);
}

/** The first event and perhaps more; empty when nothing was written. */
function beginOf(directory: string): string {
  const path = join(directory, JOURNAL);
  return existsSync(path) ? Buffer.from(fileBacking(path).read(0, FIRST_BYTES)).toString("latin1") : "";
}

function readEndedJob(directory: string): Found | undefined {
  try {
    return { view: JobView.parse(JSON.parse(readFileSync(join(directory, VIEW), "utf8"))), wasRunning: false };
  } catch {
    return undefined;
  }
}

/** What a journal says of its job, brought to an end when it has none; undefined when it does not even say what the job was. */
function readBrokenJob(directory: string): Found | undefined {
  const path = join(directory, JOURNAL);
  if (!existsSync(path)) return undefined;
  const journal = new Journal(fileBacking(path));
  let view: JobView | undefined;
  let hasLastWord = false;
  journal.adopt((event, data) => {
    hasLastWord ||= event === undefined;
    if (event !== undefined && event !== "log") view = applyWritten(view, event, data);
  });
  if (!view) return undefined;
  const wasRunning = !hasEnded(view.state);
  const ended = wasRunning ? interrupt(journal, view) : view;
  if (!wasRunning && !hasLastWord) journal.append(undefined, lastWord(view.state, view.error?.message ?? ""));
  journal.close();
  writeView(directory, ended);
  return { view: ended, wasRunning };
}

function applyWritten(view: JobView | undefined, event: string, data: string): JobView | undefined {
  try {
    const parsed = JobEvent.safeParse({ event, data: JSON.parse(data) });
    return parsed.success ? applyEvent(view, parsed.data) : view;
  } catch {
    return view;
  }
}

function applyEvent(view: JobView | undefined, { event, data }: JobEvent): JobView | undefined {
  if (event === "state" && data.job_id && data.operation) {
    return { job_id: data.job_id, state: data.state, operation: data.operation as JobView["operation"], created_at: data.at };
  }
  if (!view) return undefined;
  if (event === "state")
    return {
      ...view,
      state: data.state,
      ...(data.state === "running" ? { started_at: data.at } : {}),
      ...(hasEnded(data.state) ? { ended_at: data.at } : {}),
    };
  if (event === "step") return { ...view, step: { index: data.index, total: data.total, name: data.name } };
  if (event === "result") return { ...view, result: data };
  if (event === "error") return { ...view, error: data };
  return view;
}

/** Writes the end that the former hive could not write. */
function interrupt(journal: Journal, view: JobView): JobView {
  const error = fail("INTERRUPTED", {});
  const endedAt = Date.now();
  journal.append("error", JSON.stringify(error.toData()));
  journal.append("state", JSON.stringify({ state: "interrupted", at: endedAt }));
  journal.append(undefined, lastWord("interrupted", error.message));
  return { ...view, state: "interrupted", ended_at: endedAt, error: error.toData() };
}
