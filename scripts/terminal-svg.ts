// A terminal's screen as a picture: text with its colours, as SVG that any browser draws alike.
import anser from "anser";

const FONT = 14;
const CELL = 8.43;
const LINE = 19;
const EDGE = 16;
const BAR = 30;

/** Colours on a dark ground; the numbers are those of SGR, as anser names them. Source: ECMA-48, 8.3.117. */
const COLOURS: Readonly<Record<string, string>> = {
  "ansi-red": "#ff7b72",
  "ansi-green": "#7ee787",
  "ansi-yellow": "#e3b341",
  "ansi-blue": "#79c0ff",
  "ansi-magenta": "#d2a8ff",
  "ansi-cyan": "#76e3ea",
};
const PLAIN = "#d6dde6";
const DIM = "#8b949e";

/** `screen` is lines with escape sequences, as `tmux capture-pane -e` gives them. */
export function terminalSvg(screen: string, columns: number, title: string): string {
  const lines = screen.split("\n");
  const width = Math.round(columns * CELL + 2 * EDGE);
  const height = BAR + lines.length * LINE + EDGE;
  const rows = lines.map((line, index) => drawLine(line, BAR + (index + 1) * LINE - 5)).filter(Boolean);
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-label="${xml(title)}">
<rect width="${width}" height="${height}" rx="8" fill="#0d1117"/>
<g fill="#30363d"><circle cx="18" cy="16" r="5"/><circle cx="36" cy="16" r="5"/><circle cx="54" cy="16" r="5"/></g>
<g font-family="ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace" font-size="${FONT}" fill="${PLAIN}">
${rows.join("\n")}
</g>
</svg>
`;
}

/** Every piece stands at its own cell, so that a font of another width does not shift what follows; blanks would be folded into one. */
function drawLine(line: string, y: number): string {
  let cell = 0;
  const pieces = anser.ansiToJson(line, { use_classes: true, remove_empty: true }).flatMap(({ content, fg, decorations }) => {
    const x = EDGE + cell * CELL;
    const cells = Bun.stringWidth(content);
    cell += cells;
    if (content.trim() === "") return [];
    const colour = decorations.includes("dim") ? DIM : COLOURS[fg?.replace("bright-", "") ?? ""];
    const paint = `${colour ? ` fill="${colour}"` : ""}${decorations.includes("bold") ? ' font-weight="bold"' : ""}`;
    return [`<text x="${round(x)}" y="${y}" textLength="${round(cells * CELL)}"${paint}>${xml(content).replaceAll(" ", "\u00a0")}</text>`];
  });
  return pieces.join("");
}

function round(value: number): string {
  return String(Math.round(value * 10) / 10);
}

function xml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");
}
