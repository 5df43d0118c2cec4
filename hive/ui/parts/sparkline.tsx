// A small chart of the last values.

const WIDTH = 120;
const HEIGHT = 28;
/** So much of the height is left free above the largest value, and the line is wholly seen at 0. */
const HEAD = 3;
const FOOT = 1;

/** `points`: how many the whole width stands for; fewer values begin further right. */
export function Sparkline({ values: known, points, label }: { values: readonly number[]; points: number; label: string }) {
  // One value alone makes no line.
  const values = known.length === 1 ? [...known, ...known] : known;
  const top = Math.max(...values, 0) || 1;
  const step = WIDTH / Math.max(points - 1, 1);
  const start = WIDTH - (values.length - 1) * step;
  const y = (value: number) => HEIGHT - FOOT - (value / top) * (HEIGHT - HEAD - FOOT);
  const line = values.map((value, at) => `${(start + at * step).toFixed(1)},${y(value).toFixed(1)}`).join(" ");
  return (
    <svg className="sparkline" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label={label} preserveAspectRatio="none">
      <polygon points={`${start.toFixed(1)},${HEIGHT} ${line} ${WIDTH},${HEIGHT}`} />
      <polyline points={line} />
    </svg>
  );
}
