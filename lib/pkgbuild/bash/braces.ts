// Brace expansion (bash(1), Brace Expansion): done before every other expansion, on the unquoted text of a word.
import type { Part, Word } from "./ast.ts";
import { handOver, LimitExceeded, limits } from "./handover.ts";

type Token = string | Part;

/** The words that `word` stands for; mostly just itself. */
export function expandBraces(word: Word): readonly Word[] {
  if (!word.parts.some((part) => part.type === "text" && part.value.includes("{"))) return [word];
  const tokens = word.parts.flatMap((part): Token[] => (part.type === "text" ? [...part.value] : [part]));
  return expand(tokens, 0).map((each) => ({ ...word, parts: join(each) }));
}

function expand(tokens: readonly Token[], depth: number): Token[][] {
  if (depth > limits.nesting) throw new LimitExceeded(`it nests more than ${limits.nesting} levels deep`);
  for (let open = tokens.indexOf("{"); open !== -1; open = tokens.indexOf("{", open + 1)) {
    const close = closing(tokens, open);
    if (close === undefined) continue;
    const choices = alternatives(tokens.slice(open + 1, close), depth);
    if (choices === undefined) {
      if (tokens.slice(open + 1, close).includes("{")) handOver("braces that do not expand around braces");
      continue;
    }
    const before = tokens.slice(0, open);
    const rests = expand(tokens.slice(close + 1), depth + 1);
    if (choices.length * rests.length > limits.elements) throw new LimitExceeded(`braces expand to more than ${limits.elements} words`);
    return choices.flatMap((choice) => rests.map((rest) => [...before, ...choice, ...rest]));
  }
  return [[...tokens]];
}

function closing(tokens: readonly Token[], open: number): number | undefined {
  let depth = 0;
  for (let at = open; at < tokens.length; at++) {
    if (tokens[at] === "{") depth++;
    if (tokens[at] === "}" && --depth === 0) return at;
  }
  return undefined;
}

function alternatives(inner: readonly Token[], depth: number): Token[][] | undefined {
  const pieces: Token[][] = [[]];
  let level = 0;
  for (const token of inner) {
    if (token === "{") level++;
    if (token === "}") level--;
    if (token === "," && level === 0) pieces.push([]);
    else pieces.at(-1)?.push(token);
  }
  if (pieces.length > 1) return pieces.flatMap((piece) => expand(piece, depth + 1));
  return inner.every((token) => typeof token === "string") ? sequence(inner.join(""))?.map((text) => [...text]) : undefined;
}

/** `{1..5}`, `{01..10..2}`, `{a..e}`. */
function sequence(text: string): string[] | undefined {
  const numbers = /^(-?\d+)\.\.(-?\d+)(?:\.\.(-?\d+))?$/.exec(text);
  if (numbers !== null) return numberSequence(numbers[1] ?? "", numbers[2] ?? "", Number(numbers[3] ?? 1));
  const letters = /^([a-zA-Z])\.\.([a-zA-Z])$/.exec(text);
  if (letters === null) return /\.\./.test(text) ? handOver("an odd sequence in braces") : undefined;
  const [from, to] = [(letters[1] ?? "").charCodeAt(0), (letters[2] ?? "").charCodeAt(0)];
  if (from > 90 !== to > 90) handOver("a sequence from capital to small letters");
  return range(from, to, 1).map((code) => String.fromCharCode(code));
}

function numberSequence(first: string, last: string, increment: number): string[] {
  if (first.length > 9 || last.length > 9) handOver("large numbers in braces");
  const padded = /^-?0\d/.test(first) || /^-?0\d/.test(last);
  const width = Math.max(first.length, last.length);
  const pad = (value: number) => (value < 0 ? `-${String(-value).padStart(width - 1, "0")}` : String(value).padStart(width, "0"));
  return range(Number(first), Number(last), Math.abs(increment) || 1).map((value) => (padded ? pad(value) : String(value)));
}

function range(from: number, to: number, increment: number): number[] {
  const count = Math.floor(Math.abs(to - from) / increment) + 1;
  if (count > limits.elements) throw new LimitExceeded(`braces expand to more than ${limits.elements} words`);
  return Array.from({ length: count }, (_, index) => from + (to < from ? -index : index) * increment);
}

/** Braces are expanded as text: `$a{b,c}` is `$ab $ac`. A name that was followed by another character before has ended there already. */
const runsInto = (part: Part, char: string) =>
  part.type === "parameter" && part.bare === true && /^[A-Za-z_]/.test(part.name) && /\w/.test(char);

function join(tokens: readonly Token[]): Part[] {
  const parts: Part[] = [];
  let text = "";
  for (const [index, token] of tokens.entries()) {
    if (typeof token === "string") {
      const before = text === "" ? tokens[index - 1] : undefined;
      if (typeof before === "object" && runsInto(before, token)) handOver("a name that grows by what was in braces");
      text += token;
      continue;
    }
    if (text !== "") parts.push({ type: "text", value: text });
    text = "";
    parts.push(token);
  }
  if (text !== "") parts.push({ type: "text", value: text });
  return parts;
}
