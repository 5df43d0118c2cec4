// A bar for what has a known size: what, how much, how fast, how long still; the parts that have no room are left out.
import type { Rate } from "../lib/rate.ts";
import { shorten } from "../lib/table.ts";
import { formatDuration } from "../lib/units.ts";

interface Bar {
  readonly what: string;
  readonly done: number;
  /** Null when nobody knows. */
  readonly total: number | null;
  readonly amount: (value: number) => string;
  readonly rate: Rate;
}

const GAP = "  ";
const FULL = "█";
const EMPTY = "░";
const MOST_CELLS = 20;
const FEWEST_CELLS = 5;
const NAME_CELLS = 12;

/** One line of at most `width` cells. */
export function renderBar({ what, done, total, amount, rate }: Bar, width: number): string {
  const speed = rate.perSecond === undefined ? "" : `${amount(rate.perSecond)}/s`;
  if (total === null || total <= 0) return shorten([what, amount(done), speed].filter(Boolean).join("  "), width);
  const left = rate.leftMs(total);
  const percent = `${Math.min(100, Math.floor((done * 100) / total))} %`;
  const size = `${amount(done)} of ${amount(total)}`;
  const time = left === undefined || done >= total ? "" : `${formatDuration(Math.ceil(left / 1_000) * 1_000).replace(".0 s", " s")} left`;
  // The most telling stand first: each is taken while there is room for it.
  const facts: string[] = [percent];
  for (const fact of [size, speed, time]) if (fact !== "" && [...facts, fact].join(GAP).length <= width) facts.push(fact);
  const text = facts.join(GAP);
  const room = width - text.length - GAP.length;
  const name =
    room >= NAME_CELLS + FEWEST_CELLS + 2 ? `${shorten(what, NAME_CELLS + Math.max(0, room - NAME_CELLS - MOST_CELLS - 2))}  ` : "";
  const cells = Math.min(MOST_CELLS, room - name.length);
  const bar = cells >= FEWEST_CELLS ? `${FULL.repeat(Math.floor((cells * Math.min(done, total)) / total)).padEnd(cells, EMPTY)}  ` : "";
  return `${name}${bar}${text}`;
}
