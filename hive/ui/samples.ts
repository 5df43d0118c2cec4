// The last values of figures that the hive does not keep, by name: they stay while another view is shown.

/** Two minutes at a look every two seconds, as the hive's own slices. */
const KEPT = 60;
/** Figures that are kept; the oldest gives way. */
const NAMES = 100;
const samples = new Map<string, { at: number; values: readonly number[] }>();

/** Takes a value at most once in `everyMs` and gives back the last ones, the newest at the end. */
export function sample(name: string, value: number, everyMs: number, now = performance.now()): readonly number[] {
  const known = samples.get(name);
  // A little early is no second look.
  if (known && now - known.at < everyMs * 0.9) return known.values;
  const values = [...(known?.values ?? []), value].slice(-KEPT);
  samples.delete(name);
  samples.set(name, { at: now, values });
  if (samples.size > NAMES) samples.delete(samples.keys().next().value!);
  return values;
}
