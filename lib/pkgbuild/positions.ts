// Where the fields and functions of a recipe stand in its text: what problems and `srcinfo --json` point at.

export interface Position {
  /** Both count from 1. */
  readonly line: number;
  readonly column: number;
}

export interface FunctionLine {
  readonly line: number;
  readonly text: string;
  /** Of the function that the line belongs to. */
  readonly name: string;
}

const head = /^(\s*)(?:function\s+)?([A-Za-z_][\w.+@-]*)\s*\(\s*\)/;
const assignment = /(?:^|[\s;&|({])([A-Za-z_]\w*)\+?=/g;

/** Lines of functions, told apart by their heads and a `}` at the start of a line; comments do not count. */
export function* functionLines(text: string): Iterable<FunctionLine> {
  let name = "";
  for (const [index, line] of text.split("\n").entries()) {
    name = head.exec(line)?.[2] ?? name;
    if (name !== "" && !/^\s*#/.test(line)) yield { line: index + 1, text: line, name };
    if (/^\}/.test(line) || (head.test(line) && /\}\s*$/.test(line))) name = "";
  }
}

/** First place of each function, and of each field: outside functions where it is set there, else wherever. */
export function positionsOf(text: string): Record<string, Position> {
  const inside = new Set([...functionLines(text)].map(({ line }) => line));
  const outer: Record<string, Position> = Object.create(null);
  const inner: Record<string, Position> = Object.create(null);
  for (const [index, line] of text.split("\n").entries()) {
    const match = /^(\s*)(?:function\s+)?([A-Za-z_][\w.+@-]*)(?:\+?=|\s*\(\s*\))/.exec(line);
    if (match?.[2] === undefined) continue;
    const found = inside.has(index + 1) && !head.test(line) ? inner : outer;
    found[match[2]] ??= { line: index + 1, column: (match[1]?.length ?? 0) + 1 };
  }
  return { ...inner, ...outer };
}

type Places = Record<string, Position>;

/** First place of each assignment in each function, by the variable's name. */
export function positionsInFunctions(text: string): ReadonlyMap<string, Places> {
  const found = new Map<string, Places>();
  for (const line of functionLines(text)) {
    const places = found.get(line.name) ?? (Object.create(null) as Places);
    found.set(line.name, places);
    for (const match of line.text.matchAll(assignment)) {
      const field = match[1] ?? "";
      places[field] ??= { line: line.line, column: match.index + match[0].indexOf(field) + 1 };
    }
  }
  return found;
}

/** Gives what `make` made at the first call: a recipe's positions are seldom asked for. */
export function once<Result>(make: () => Result): () => Result {
  let made: { readonly result: Result } | undefined;
  return () => {
    made ??= { result: make() };
    return made.result;
  };
}
