// Which rows of a long list are seen. Browsers stop drawing past some ten million pixels, so a longer list is scrolled in proportion.

/** Below the limits of Firefox (about 17.9 million) and of Chromium on dense screens. Pixels. */
const MAX_HEIGHT = 8_000_000;
/** Rows that are drawn beyond what is seen. */
const SPARE_ROWS = 12;

export interface Window {
  /** The first row that is drawn, and the one after the last. */
  readonly first: number;
  readonly end: number;
  /** Where the first row is drawn in the scrolled element. */
  readonly offset: number;
  /** The scrolled element's height. */
  readonly height: number;
}

interface View {
  readonly rows: number;
  readonly rowHeight: number;
  readonly scrollTop: number;
  readonly viewHeight: number;
}

export function windowOf({ rows, rowHeight, scrollTop, viewHeight }: View): Window {
  const full = rows * rowHeight;
  const height = Math.min(full, MAX_HEIGHT);
  const top = scrollTop * scaleOf(full, height, viewHeight);
  const first = Math.max(0, Math.floor(top / rowHeight) - SPARE_ROWS);
  const end = Math.min(rows, Math.ceil((top + viewHeight) / rowHeight) + SPARE_ROWS);
  return { first, end, offset: scrollTop - (top - first * rowHeight), height };
}

/** Where to scroll so that `row` stands in the middle. */
export function scrollTopFor(row: number, { rows, rowHeight, viewHeight }: Omit<View, "scrollTop">): number {
  const full = rows * rowHeight;
  const scale = scaleOf(full, Math.min(full, MAX_HEIGHT), viewHeight);
  return Math.max(0, row * rowHeight - viewHeight / 2 + rowHeight / 2) / scale;
}

function scaleOf(full: number, height: number, viewHeight: number): number {
  return full > height ? (full - viewHeight) / (height - viewHeight) : 1;
}
