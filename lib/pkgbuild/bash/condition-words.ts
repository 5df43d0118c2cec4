// Parses what stands between `[[` and `]]` (bash(1), CONDITIONAL EXPRESSIONS).
import type { Condition, Word } from "./ast.ts";
import { skipNewlines } from "./commands.ts";
import { handOver } from "./handover.ts";
import { literalText } from "./simple-words.ts";
import { nested, peek, type Source, take, unexpected } from "./source.ts";
import { parseWord } from "./words.ts";

const unary = /^-[abcdefghknoprstuvwxzGLNORS]$/;
const binary = /^(?:==|=~|=|!=|<|>|-(?:eq|ne|lt|le|gt|ge|nt|ot|ef)(?=\s))/;

/** The expression up to `]]`, which is taken. */
export function parseCondition(source: Source): Condition {
  const expression = parseOr(source);
  skipNewlines(source);
  if (!take(source, "]]")) unexpected(source);
  return expression;
}

function parseOr(source: Source): Condition {
  let left = parseAnd(source);
  for (;;) {
    skipNewlines(source);
    if (!take(source, "||")) return left;
    left = { type: "or", left, right: parseAnd(source) };
  }
}

function parseAnd(source: Source): Condition {
  let left = parseTerm(source);
  for (;;) {
    skipNewlines(source);
    if (!take(source, "&&")) return left;
    left = { type: "and", left, right: parseTerm(source) };
  }
}

function parseTerm(source: Source): Condition {
  skipNewlines(source);
  if (peek(source) === "!" && /\s/.test(peek(source, 1))) {
    source.pos++;
    return { type: "not", operand: nested(source, () => parseTerm(source)) };
  }
  if (take(source, "(")) return parenthesized(source);
  return parsePrimary(source);
}

function parenthesized(source: Source): Condition {
  const inner = nested(source, () => parseOr(source));
  skipNewlines(source);
  if (!take(source, ")")) unexpected(source);
  return inner;
}

function parsePrimary(source: Source): Condition {
  const left = operand(source);
  skipNewlines(source);
  const text = literalText(left);
  if (text !== undefined && unary.test(text)) {
    if (
      binary.test(source.text.slice(source.pos, source.pos + 4)) ||
      /^(?:&&|\|\||\)|\]\])/.test(source.text.slice(source.pos, source.pos + 2))
    )
      handOver("an odd test", left.start);
    return { type: "unary", operator: text, operand: operand(source) };
  }
  const operator = binary.exec(source.text.slice(source.pos, source.pos + 4))?.[0];
  if (operator === undefined) return { type: "unary", operator: "-n", operand: left };
  source.pos += operator.length;
  skipNewlines(source);
  return { type: "binary", operator, left, right: rightOperand(source, operator) };
}

function operand(source: Source): Word {
  const word = parseWord(source);
  if (word.start === word.end) unexpected(source);
  return word;
}

function rightOperand(source: Source, operator: string): Word {
  if (operator === "=~") return regularExpression(source);
  if (!["==", "=", "!="].includes(operator)) return operand(source);
  const word = parseWord(source, { ends: (char) => char === "" || " \t\n;&|()<>".includes(char), extglob: true });
  if (word.start === word.end) unexpected(source);
  return word;
}

/** A regular expression may hold parentheses and bars; white space ends it outside parentheses. */
function regularExpression(source: Source): Word {
  let depth = 0;
  const word = parseWord(source, {
    ends: (char) => {
      if (char === "(") depth++;
      if (char === ")") depth--;
      return depth < 0 || (depth === 0 && (char === " " || char === "\t" || char === "\n")) || char === "";
    },
  });
  if (word.start === word.end) unexpected(source);
  if (word.parts.some((part) => part.type === "text" && /[&;<>]/.test(part.value))) handOver("an odd regular expression", word.start);
  return word;
}
