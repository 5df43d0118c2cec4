// "Did you mean": the known word that is nearest to a written one.

/** The nearest of the known words, when it is near enough to be meant. */
export function nearest<Word extends string>(written: string, known: readonly Word[]): Word | undefined {
  const [best] = known.map((word) => ({ word, distance: editDistance(written, word) })).sort((a, b) => a.distance - b.distance);
  return best && best.distance <= Math.ceil(written.length / 3) ? best.word : undefined;
}

/** Insertions, deletions, replacements and swaps of neighbours between two words (optimal string alignment). */
function editDistance(a: string, b: string): number {
  const rows = [Array.from({ length: b.length + 1 }, (_, column) => column)];
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const replace = rows[i - 1]![j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      row[j] = Math.min(rows[i - 1]![j]! + 1, row[j - 1]! + 1, replace);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) row[j] = Math.min(row[j]!, rows[i - 2]![j - 2]! + 1);
    }
    rows.push(row);
  }
  return rows[a.length]![b.length]!;
}
