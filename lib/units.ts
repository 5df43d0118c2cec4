// Sizes, counts and times as people read them.

/** Bytes with powers of 1000, as disks and `du --si` count: `1.2 MB`. */
export function formatBytes(bytes: number): string {
  return scale(bytes, ["B", "kB", "MB", "GB", "TB", "PB"], " ");
}

/** `260k`, `7.2B`: as model cards write parameters. */
export function formatCount(count: number): string {
  return scale(count, ["", "k", "M", "B", "T"], "");
}

/** Local time without a zone: `2026-11-24 10:31:07`. */
export function formatTime(milliseconds: number): string {
  const date = new Date(milliseconds - new Date(milliseconds).getTimezoneOffset() * 60_000);
  return date.toISOString().slice(0, 19).replace("T", " ");
}

/** `12 ms`, `3.4 s`, `2 min 5 s`. */
export function formatDuration(milliseconds: number): string {
  if (milliseconds < 1_000) return `${Math.round(milliseconds)} ms`;
  if (milliseconds < 60_000) return `${(milliseconds / 1_000).toFixed(1)} s`;
  return `${Math.floor(milliseconds / 60_000)} min ${Math.round((milliseconds % 60_000) / 1_000)} s`;
}

function scale(value: number, units: readonly string[], gap: string): string {
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)}${gap}${units[unit]}`;
}
