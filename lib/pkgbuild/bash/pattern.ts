// Matches shell patterns (bash(1), Pattern Matching) by carrying the set of reachable positions along: no pattern takes exponential time.
import { handOver } from "./handover.ts";

type Node =
  | { readonly type: "char"; readonly char: string }
  | { readonly type: "any" }
  | { readonly type: "star" }
  | { readonly type: "class"; readonly matches: (char: string) => boolean }
  | { readonly type: "group"; readonly kind: string; readonly alternatives: readonly (readonly Node[])[] };

export interface Pattern {
  readonly nodes: readonly Node[];
  /** The text, when the pattern is nothing else. */
  readonly literal: string | undefined;
}

export interface PatternOptions {
  readonly extglob: boolean;
  /** Called with the work done, so that the reading's limit holds. */
  readonly spend: (steps: number) => void;
}

/** Compiles `text`, in which a backslash quotes the next character. */
export function compilePattern(text: string, options: Pick<PatternOptions, "extglob">): Pattern {
  if (/[\ud800-\udfff]/.test(text)) handOver("a character outside the basic plane in a pattern");
  const [nodes] = parseNodes(text, 0, options.extglob, false);
  const literal = nodes.every((node) => node.type === "char") ? nodes.map((node) => (node as { char: string }).char).join("") : undefined;
  return { nodes, literal };
}

function parseNodes(text: string, from: number, extglob: boolean, inGroup: boolean): [Node[], number] {
  const nodes: Node[] = [];
  let at = from;
  while (at < text.length) {
    const char = text[at] ?? "";
    if (inGroup && (char === "|" || char === ")")) break;
    if (extglob && "?*+@!".includes(char) && text[at + 1] === "(") {
      const group = parseGroup(text, at);
      if (group !== undefined) {
        nodes.push(group[0]);
        at = group[1];
        continue;
      }
    }
    const [node, next] = parseNode(text, at, char);
    nodes.push(node);
    at = next;
  }
  return [nodes, at];
}

function parseNode(text: string, at: number, char: string): [Node, number] {
  if (char === "*") return [{ type: "star" }, at + 1];
  if (char === "?") return [{ type: "any" }, at + 1];
  if (char === "[") {
    const found = parseBracket(text, at);
    if (found !== undefined) return found;
  }
  if (char === "\\" && at + 1 < text.length) return [{ type: "char", char: text[at + 1] ?? "" }, at + 2];
  return [{ type: "char", char }, at + 1];
}

function parseGroup(text: string, at: number): [Node, number] | undefined {
  const alternatives: (readonly Node[])[] = [];
  let next = at + 2;
  for (;;) {
    const [nodes, end] = parseNodes(text, next, true, true);
    alternatives.push(nodes);
    if (text[end] === ")") return [{ type: "group", kind: text[at] ?? "", alternatives }, end + 1];
    if (text[end] !== "|") return handOver("a pattern group without its end");
    next = end + 1;
  }
}

const classes: Record<string, RegExp> = {
  ...{ alnum: /[\p{L}\p{Nd}]/u, alpha: /\p{L}/u, digit: /[0-9]/, lower: /\p{Ll}/u, upper: /\p{Lu}/u, blank: /[ \t]/ },
  ...{ space: /[ \t\n\v\f\r]/, xdigit: /[0-9A-Fa-f]/, ascii: /[\0-\x7f]/, word: /[\p{L}\p{Nd}_]/u },
  ...{ punct: /[!-/:-@[-`{-~]/, cntrl: /[\0-\x1f\x7f]/, print: /[ -~]/, graph: /[!-~]/ },
};

/** `[…]`; nothing when it has no end, then the bracket is a character. */
function parseBracket(text: string, start: number): [Node, number] | undefined {
  let at = start + 1;
  const negated = text[at] === "!" || text[at] === "^";
  if (negated) at++;
  const tests: ((char: string) => boolean)[] = [];
  for (let first = true; ; first = false) {
    const char = text[at];
    if (char === undefined || char === "/") return char === undefined ? undefined : handOver("a slash in a bracket expression");
    if (char === "]" && !first) break;
    const named = /^\[:(\w+):\]/.exec(text.slice(at, at + 20));
    if (named !== null) {
      const name = named[1] ?? "";
      tests.push((each) => matchesClass(name, each));
      at += named[0].length;
    } else if (char === "[" && /^\[[.=]/.test(text.slice(at, at + 2))) handOver("a collating symbol");
    else at = parseRange(text, at, tests);
  }
  const matches = (char: string) => tests.some((test) => test(char)) !== negated;
  return [{ type: "class", matches }, at + 1];
}

function matchesClass(name: string, char: string): boolean {
  const known = classes[name] ?? handOver(`the character class ${name}`);
  if (char > "\x7f" && name !== "ascii") handOver("a character class on a character that is not ASCII");
  return known.test(char);
}

function parseRange(text: string, from: number, tests: ((char: string) => boolean)[]): number {
  const unit = (at: number): [string, number] =>
    text[at] === "\\" ? [text[at + 1] ?? handOver("a lone backslash"), at + 2] : [text[at] ?? "", at + 1];
  const [low, next] = unit(from);
  if (text[next] !== "-" || text[next + 1] === "]" || text[next + 1] === undefined) {
    tests.push((char) => char === low);
    return next;
  }
  if (text[next + 1] === "[") handOver("a collating symbol");
  const [high, end] = unit(next + 1);
  tests.push((char) => char >= low && char <= high);
  return end;
}

/** Every position where a match that begins at `start` can end, as flags by position. */
export function matchEnds(pattern: Pattern, text: string, start: number, options: PatternOptions): Uint8Array {
  const at = new Uint8Array(text.length + 1);
  at[start] = 1;
  return walk(pattern.nodes, text, at, options);
}

export function matchesWhole(pattern: Pattern, text: string, options: PatternOptions): boolean {
  if (pattern.literal !== undefined) return pattern.literal === text;
  refuseUnusual(text);
  return matchEnds(pattern, text, 0, options)[text.length] === 1;
}

export function refuseUnusual(text: string): void {
  if (/[\ud800-\udfff]/.test(text)) handOver("a character outside the basic plane in a matched text");
}

function walk(nodes: readonly Node[], text: string, from: Uint8Array, options: PatternOptions): Uint8Array {
  let at = from;
  for (const node of nodes) {
    options.spend(1 + (text.length >> 4));
    at = step(node, text, at, options);
  }
  return at;
}

function step(node: Node, text: string, at: Uint8Array, options: PatternOptions): Uint8Array {
  const next = new Uint8Array(at.length);
  if (node.type === "group") return stepGroup(node, text, at, options);
  if (node.type === "star") {
    const first = at.indexOf(1);
    return first === -1 ? next : next.fill(1, first);
  }
  for (let index = at.indexOf(1); index !== -1 && index < text.length; index = at.indexOf(1, index + 1)) {
    if (takes(node, text[index] ?? "")) next[index + 1] = 1;
  }
  return next;
}

function takes(node: Exclude<Node, { type: "group" | "star" }>, char: string): boolean {
  if (node.type === "char") return node.char === char;
  return node.type === "any" || node.matches(char);
}

function stepGroup(node: Extract<Node, { type: "group" }>, text: string, at: Uint8Array, options: PatternOptions): Uint8Array {
  const once = (from: Uint8Array) =>
    union(
      node.alternatives.map((each) => walk(each, text, from, options)),
      at.length,
    );
  if (node.kind === "@") return once(at);
  if (node.kind === "?") return union([at, once(at)], at.length);
  if (node.kind === "!") return stepNegation(node, text, at, options);
  let reached = node.kind === "*" ? at.slice() : once(at);
  for (;;) {
    const more = union([reached, once(reached)], at.length);
    if (more.every((flag, index) => flag === reached[index])) return reached;
    reached = more;
  }
}

/** `!(…)`: from each position to every later one that no alternative reaches from there. */
function stepNegation(node: Extract<Node, { type: "group" }>, text: string, at: Uint8Array, options: PatternOptions): Uint8Array {
  const next = new Uint8Array(at.length);
  for (let index = at.indexOf(1); index !== -1; index = at.indexOf(1, index + 1)) {
    const only = new Uint8Array(at.length);
    only[index] = 1;
    const taken = union(
      node.alternatives.map((each) => walk(each, text, only, options)),
      at.length,
    );
    for (let end = index; end < at.length; end++) if (taken[end] !== 1) next[end] = 1;
  }
  return next;
}

function union(sets: readonly Uint8Array[], length: number): Uint8Array {
  const all = new Uint8Array(length);
  for (const set of sets) for (let index = 0; index < length; index++) if (set[index] === 1) all[index] = 1;
  return all;
}
