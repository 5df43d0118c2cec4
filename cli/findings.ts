// How findings are shown: a mark or a word, what was seen, and below it the command that mends it.
import type { Finding } from "../lib/contract/views.ts";
import { wrapWords } from "../lib/table.ts";
import type { Output } from "./output.ts";

/** A message is not wrapped to less than this, however narrow the terminal. Cells. */
const LEAST_ROOM = 20;
const MARKS = { fine: "✓", warning: "!", problem: "✗" } as const;
const WORDS = { fine: "ok", warning: "warning", problem: "problem" } as const;

/** Problems stand last, where the eye is when a command has ended. */
export function renderFindings(findings: readonly Finding[], output: Output): string {
  const order = ["fine", "warning", "problem"] as const;
  const sorted = order.flatMap((state) => findings.filter((finding) => finding.state === state));
  const label = ({ state }: Finding) => (output.hasSymbols ? MARKS[state] : WORDS[state].padEnd(7));
  const width = Math.max(0, ...sorted.map(({ about }) => about.length));
  return sorted
    .map((finding) => {
      const head = `${label(finding)} ${finding.about.padEnd(width)}  `;
      const indent = `\n${" ".repeat(head.length)}`;
      const room = Math.max(LEAST_ROOM, (output.tableWidth ?? Number.POSITIVE_INFINITY) - head.length);
      const message = wrapWords(finding.message, room).join(indent);
      // A command stays one line, so that it can be copied as one.
      return `${head}${message}${finding.mend ? `${indent}${finding.mend}` : ""}`;
    })
    .join("\n");
}
