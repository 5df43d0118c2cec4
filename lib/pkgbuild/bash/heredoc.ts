// Here-documents: the delimiter is read with its command, the body when the line ends (bash(1), Here Documents).
import type { Part, Word } from "./ast.ts";
import { handOver } from "./handover.ts";
import type { Source } from "./source.ts";
import { heredocParts, parseWord } from "./words.ts";

/** The word that will hold the body once the line has ended. */
export function waitForHeredoc(source: Source, stripTabs: boolean): Word {
  const written = parseWord(source);
  if (written.start === written.end) handOver("a here-document without a delimiter", source.pos);
  const quoted = written.parts.some((part) => part.type !== "text");
  const parts: Part[] = [];
  const delimiter = written.parts.map(delimiterText).join("");
  source.heredocs.push({ delimiter, quoted, stripTabs, fill: (body) => parts.push(...body.parts) });
  return { parts, start: written.start, end: written.end };
}

function delimiterText(part: Part): string {
  if (part.type === "text" || part.type === "quoted") return part.value;
  if (part.type === "double") return part.parts.map(delimiterText).join("");
  return handOver("an expansion in the delimiter of a here-document");
}

/** Reads the bodies that wait, from the start of a line on. */
export function readHeredocs(source: Source): void {
  for (const { delimiter, quoted, stripTabs, fill } of source.heredocs.splice(0)) {
    const start = source.pos;
    const body = bodyUpTo(source, delimiter, stripTabs, quoted);
    const parts: Part[] = quoted ? [{ type: "quoted", value: body }] : heredocParts(body, source.extglob);
    fill({ parts, start, end: source.pos });
  }
}

function bodyUpTo(source: Source, delimiter: string, stripTabs: boolean, quoted: boolean): string {
  const start = source.pos;
  let body = "";
  while (source.pos < source.text.length) {
    const end = source.text.indexOf("\n", source.pos);
    const raw = source.text.slice(source.pos, end === -1 ? undefined : end);
    source.pos = end === -1 ? source.text.length : end + 1;
    const line = stripTabs ? raw.replace(/^\t+/, "") : raw;
    if (line === delimiter) return body;
    if (!quoted && stripTabs && raw.endsWith("\\")) handOver("a continued line in a here-document", start);
    if (!quoted && /(^|[^\\])(\\\\)*\\$/.test(line) && source.text.startsWith(delimiter, source.pos))
      handOver("a continued line before a delimiter", start);
    body += `${line}\n`;
  }
  return handOver("a here-document without its end", start);
}
