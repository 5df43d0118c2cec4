// Tables of text: columns as wide as they need, shortened to fit a terminal, never wrapped.

export interface Column {
  readonly title: string;
  /** Columns with a number may be shortened to it, in the order of their numbers' size: the largest minimum gives way last. Others never are. */
  readonly minimum?: number;
}

const GAP = "  ";
const ELLIPSIS = "…";

/** Rows as lines with a title line; below one another where even the shortened ones are too wide. `width` is the terminal's, or undefined to shorten nothing. */
export function renderTable(columns: readonly Column[], rows: readonly (readonly string[])[], width?: number): string {
  const cells = rows.map((row) => row.map(oneLine));
  const widths = columns.map(({ title }, index) => Math.max(displayWidth(title), ...cells.map((row) => displayWidth(row[index] ?? ""))));
  if (width !== undefined) shrink(columns, widths, width);
  if (width !== undefined && totalWidth(widths) > width) return cells.map((row) => stack(columns, row, width)).join("\n\n");
  const line = (row: readonly string[]) =>
    row
      .map((cell, index) => fit(cell, widths[index]!))
      .join(GAP)
      .trimEnd();
  return [line(columns.map(({ title }) => title)), ...cells.map(line)].join("\n");
}

/** How many cells of a terminal a text takes. */
function displayWidth(text: string): number {
  return Bun.stringWidth(text);
}

function shrink(columns: readonly Column[], widths: number[], width: number): void {
  const byMinimum = columns.map(({ minimum }, index) => ({ minimum, index })).filter(({ minimum }) => minimum !== undefined);
  for (const { minimum, index } of byMinimum.sort((a, b) => a.minimum! - b.minimum!)) {
    widths[index] = Math.max(Math.min(minimum!, widths[index]!), widths[index]! - Math.max(0, totalWidth(widths) - width));
  }
}

function totalWidth(widths: readonly number[]): number {
  return widths.reduce((sum, each) => sum + each, 0) + GAP.length * (widths.length - 1);
}

/** One row as `TITLE: value` lines; what may not be shortened stays whole. */
function stack(columns: readonly Column[], row: readonly string[], width: number): string {
  return columns
    .map(({ title, minimum }, index) => (minimum === undefined ? `${title}: ${row[index]}` : shorten(`${title}: ${row[index]}`, width)))
    .join("\n");
}

function fit(text: string, width: number): string {
  const shown = displayWidth(text) <= width ? text : shorten(text, width);
  return shown + " ".repeat(Math.max(0, width - displayWidth(shown)));
}

/** The beginning of a text with an ellipsis, at most `width` cells wide. */
export function shorten(text: string, width: number): string {
  if (displayWidth(text) <= width) return text;
  let kept = "";
  for (const character of text) {
    if (displayWidth(kept + character) > width - 1) break;
    kept += character;
  }
  return kept.trimEnd() + ELLIPSIS;
}

/** A text in lines of at most `width` cells, broken between words; a longer word has a line of its own. */
export function wrapWords(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    const longer = line === "" ? word : `${line} ${word}`;
    if (line !== "" && displayWidth(longer) > width) {
      lines.push(line);
      line = word;
    } else line = longer;
  }
  return [...lines, line];
}

/** What others wrote must not move the cursor: control characters become spaces. */
export function oneLine(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f-\u009f]+/g, " ");
}
