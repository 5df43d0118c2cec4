// A line of a program's output with its colours, and with what was searched for marked.
import anser from "anser";
import { memo, type ReactNode } from "react";

/** Everything that is not a colour (SGR): cursor moves, titles, links. Source: ECMA-48, 5.4; xterm's "Operating System Commands". */
const OTHER_CODES = /\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b\[[0-?]*[ -/]*[@-ln-~]|\x1b[@-Z\\^_]/g;
const ALL_CODES = /\x1b\[[0-9;:]*m/g;

/** The line as plain text. A progress bar that overwrites itself shows what stood there last. */
export function stripCodes(line: string): string {
  return line.includes("\x1b") || line.includes("\r") ? lastWritten(line).replace(ALL_CODES, "") : line;
}

export const AnsiLine = memo(function AnsiLine({ line, query }: { line: string; query: string }) {
  if (!line.includes("\x1b") && !line.includes("\r")) return mark(line, query);
  return anser.ansiToJson(lastWritten(line), { use_classes: true, remove_empty: true }).map((piece, at) => {
    const names = [piece.fg, piece.bg && `${piece.bg}-bg`, ...(piece.decorations ?? []).map((name) => `ansi-${name}`)];
    return (
      // biome-ignore lint/suspicious/noArrayIndexKey: pieces of one line have no other name
      <span key={at} className={names.filter(Boolean).join(" ")}>
        {mark(piece.content, query)}
      </span>
    );
  });
});

function lastWritten(line: string): string {
  const text = line.replace(OTHER_CODES, "").replace(/\r+$/, "");
  return text.slice(text.lastIndexOf("\r") + 1);
}

function mark(text: string, query: string): ReactNode {
  if (query === "") return text;
  const pieces: ReactNode[] = [];
  const lower = text.toLowerCase();
  let from = 0;
  for (let at = lower.indexOf(query); at >= 0; at = lower.indexOf(query, from)) {
    pieces.push(text.slice(from, at), <mark key={at}>{text.slice(at, at + query.length)}</mark>);
    from = at + query.length;
  }
  return pieces.length === 0 ? text : [...pieces, text.slice(from)];
}
