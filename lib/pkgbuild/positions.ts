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
export function positionsOf(text: string): Places {
  const functions = new Map([...functionLines(text)].map(({ line, text }) => [line, head.exec(text)] as const));
  const outer: Places = Object.create(null);
  const inner: Places = Object.create(null);
  for (const [index, line] of text.split("\n").entries()) {
    const start = functions.get(index + 1);
    if (start?.[2] !== undefined) outer[start[2]] ??= { line: index + 1, column: (start[1]?.length ?? 0) + 1 };
    if (!/^\s*#/.test(line)) noteAssignments(line, index + 1, start === undefined ? outer : inner);
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
    noteAssignments(line.text, line.line, places);
  }
  return found;
}

function noteAssignments(text: string, line: number, places: Places): void {
  for (const match of text.matchAll(assignment)) {
    const field = match[1] ?? "";
    places[field] ??= { line, column: match.index + match[0].indexOf(field) + 1 };
  }
}

/** Gives what `make` made at the first call: a recipe's positions are seldom asked for. */
export function once<Result>(make: () => Result): () => Result {
  let made: { readonly result: Result } | undefined;
  return () => {
    made ??= { result: make() };
    return made.result;
  };
}
