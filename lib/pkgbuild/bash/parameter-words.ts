// Parses `${…}`: name, subscript, operator and the words after it (bash(1), Parameter Expansion).
import type { Parameter, Subscript, Word } from "./ast.ts";
import { handOver } from "./handover.ts";
import { peek, type Source, take, unclosed } from "./source.ts";
import { arithmeticParts, parseWord } from "./words.ts";

const operators = [":-", ":=", ":?", ":+", "-", "=", "?", "+", "##", "#", "%%", "%", "//", "/#", "/%", "/", "^^", "^", ",,", ",", "@", ":"];
const patternOperators = new Set(["##", "#", "%%", "%", "//", "/#", "/%", "/", "^^", "^", ",,", ","]);

/** The expansion that starts here with `${`, inside double quotes or not. */
export function parseBraced(source: Source, inDouble: boolean): Parameter {
  const start = source.pos;
  source.pos += 2;
  const length = peek(source) === "#" && /[A-Za-z0-9_@*]/.test(peek(source, 1)) && take(source, "#");
  const indirect = !length && peek(source) === "!" && /[A-Za-z0-9_]/.test(peek(source, 1)) && take(source, "!");
  const name = parseName(source, start);
  const prefix = indirect ? parsePrefix(source) : undefined;
  const subscript = prefix === undefined ? parseSubscript(source) : undefined;
  const rest = prefix === undefined && !length ? parseOperator(source, inDouble) : {};
  if (!take(source, "}")) {
    if (source.pos >= source.text.length) unclosed(source, "}", start);
    handOver("an odd parameter expansion", start);
  }
  const flags = { ...(length ? { length } : {}), ...(indirect ? { indirect } : {}), ...(prefix === undefined ? {} : { prefix }) };
  return { type: "parameter", name, start, ...(subscript === undefined ? {} : { subscript }), ...flags, ...rest };
}

function parseName(source: Source, start: number): string {
  const name = /^(?:[A-Za-z_]\w*|\d+|[@*#?$!-])/.exec(source.text.slice(source.pos, source.pos + 300))?.[0];
  if (name === undefined) handOver("an odd parameter expansion", start);
  source.pos += name.length;
  return name;
}

function parsePrefix(source: Source): "@" | "*" | undefined {
  for (const kind of ["@", "*"] as const) if (take(source, `${kind}}`)) return backOne(source, kind);
  return undefined;
}

function backOne(source: Source, kind: "@" | "*"): "@" | "*" {
  source.pos--;
  return kind;
}

function parseSubscript(source: Source): Subscript | undefined {
  if (!take(source, "[")) return undefined;
  for (const all of ["@", "*"] as const) if (take(source, `${all}]`)) return all;
  return subscriptWord(source);
}

/** The word up to the closing bracket, which is taken. */
export function subscriptWord(source: Source): Word {
  const start = source.pos;
  const parts = arithmeticParts(source, "]");
  const end = source.pos;
  if (!take(source, "]")) unclosed(source, "]", start);
  return { parts, start, end };
}

function parseOperator(source: Source, inDouble: boolean): Pick<Parameter, "operator" | "word" | "second"> {
  const operator = operators.find((each) => take(source, each));
  if (operator === undefined) return {};
  if (operator === ":") return parseSlice(source);
  if (operator === "@") return { operator, word: parseWord(source, { ends: (char) => char === "}" }) };
  if (patternOperators.has(operator)) return parsePattern(source, operator, inDouble);
  return { operator, word: parseDefault(source, inDouble) };
}

function parseSlice(source: Source): Pick<Parameter, "operator" | "word" | "second"> {
  const part = (): Word => {
    let questions = 0;
    let depth = 0;
    const begin = source.pos;
    const word = parseWord(source, {
      inDouble: true,
      ends: (char) => {
        if (char === "?") questions++;
        if (char === "(") depth++;
        if (char === ")") depth--;
        if (char === ":" && depth === 0 && questions === 0) return true;
        return char === "}";
      },
    });
    return { ...word, start: begin };
  };
  const word = part();
  return { operator: ":", word, ...(take(source, ":") ? { second: part() } : {}) };
}

function parsePattern(source: Source, operator: string, inDouble: boolean): Pick<Parameter, "operator" | "word" | "second"> {
  const replaces = operator.startsWith("/");
  const word = parseWord(source, { ends: (char) => char === "}" || (replaces && char === "/") });
  if (!replaces || !take(source, "/")) return { operator, word };
  const second = parseWord(source, { ends: (char) => char === "}" });
  if (inDouble && second.parts.some((part) => part.type === "quoted" || part.type === "double"))
    handOver("quotes in a quoted replacement", second.start);
  return { operator, word, second };
}

/** The word of `:-` and its relatives: inside double quotes a single quote is just a character. */
function parseDefault(source: Source, inDouble: boolean): Word {
  const word = parseWord(source, { ends: (char) => char === "}", inDouble });
  // Bash takes such a backslash away twice, or once, or not, by what follows it.
  const isNested = inDouble && word.parts.some(({ type }) => type === "double");
  if (isNested && source.text.slice(word.start, word.end).includes("\\")) handOver("a backslash in quotes within quotes", word.start);
  return word;
}
