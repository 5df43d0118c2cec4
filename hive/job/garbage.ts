// Keeps the memory of a flood flat: what passes through becomes garbage at once, and the collector left to itself waits for a hundred megabytes of it.

/** Bytes that pass between two collections. One takes some 10 ms: a few per cent of the time that so many bytes take. */
const BETWEEN = 16 << 20;

let passed = 0;

/** Counts bytes that were copied for a journal or its readers, and collects when enough of them have become garbage. */
export function countPassed(bytes: number): void {
  passed += bytes;
  if (passed < BETWEEN) return;
  passed = 0;
  Bun.gc(true);
}
