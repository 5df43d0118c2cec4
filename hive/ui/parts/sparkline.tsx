// A small chart of the last values.

const WIDTH = 120;
const HEIGHT = 24;

export function Sparkline({ values, label }: { values: readonly number[]; label: string }) {
  const top = Math.max(...values) * 1.1 || 1;
  const step = WIDTH / Math.max(values.length - 1, 1);
  const points = values.map((value, at) => `${(at * step).toFixed(1)},${(HEIGHT - (value / top) * HEIGHT).toFixed(1)}`).join(" ");
  return (
    <svg className="sparkline" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label={label} preserveAspectRatio="none">
      <polyline points={points} />
    </svg>
  );
}
