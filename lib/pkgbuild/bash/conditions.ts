// `[[ … ]]`, `test` and `[` (bash(1), CONDITIONAL EXPRESSIONS); of files only those in the recipe's directory are looked at.
import type { Condition, Word } from "./ast.ts";
import { arithmetic, expandParts, expandPattern, expandText } from "./expand.ts";
import { handOver } from "./handover.ts";
import { compilePattern, matchesWhole } from "./pattern.ts";
import { arrayOf, entriesOf, lookUp, plainText, refuseMark, type Shell, spend } from "./shell.ts";

export function evaluateCondition(shell: Shell, condition: Condition): boolean {
  spend(shell, 1);
  switch (condition.type) {
    case "and":
      return evaluateCondition(shell, condition.left) && evaluateCondition(shell, condition.right);
    case "or":
      return evaluateCondition(shell, condition.left) || evaluateCondition(shell, condition.right);
    case "not":
      return !evaluateCondition(shell, condition.operand);
    case "unary":
      return evaluateUnary(shell, condition.operator, expandText(shell, condition.operand));
    case "binary":
      return evaluateBinary(shell, condition.operator, condition.left, condition.right);
  }
}

function evaluateUnary(shell: Shell, operator: string, operand: string): boolean {
  if (operator === "-n") return refuseMark(operand) !== "";
  if (operator === "-z") return refuseMark(operand) === "";
  if (operator === "-v") return isSet(shell, operand);
  if (/^-[aefd]$/.test(operator)) return isThere(shell, operator, refuseMark(operand));
  return handOver(`the test ${operator}`, shell.at);
}

/** `-e`, `-f` and `-d` of a path in the recipe's directory. */
function isThere(shell: Shell, operator: string, path: string): boolean {
  const kind = shell.directory?.kind(path) ?? handOver(`the test ${operator} of a path outside the recipe's directory`, shell.at);
  if (operator === "-f") return kind === "file";
  return operator === "-d" ? kind === "directory" : kind !== "missing";
}

function isSet(shell: Shell, name: string): boolean {
  const match = /^([A-Za-z_]\w*)(?:\[(\w+)\])?$/.exec(name);
  if (match === null) return handOver("an odd name after -v", shell.at);
  const value = lookUp(shell, match[1] ?? "");
  if (match[2] === undefined) return plainText(value) !== undefined;
  return entriesOf(value).some(([key]) => key === match[2]);
}

function evaluateBinary(shell: Shell, operator: string, left: Word, right: Word): boolean {
  const text = refuseMark(expandText(shell, left));
  if (operator === "=~") return matchExpression(shell, text, right);
  if (operator === "==" || operator === "=" || operator === "!=") {
    if (shell.options.has("nocasematch")) handOver("matching without case", shell.at);
    const options = { extglob: true, spend: (steps: number) => spend(shell, steps) };
    return matchesWhole(compilePattern(expandPattern(shell, right), options), text, options) === (operator !== "!=");
  }
  const other = expandText(shell, right);
  if (operator === "<" || operator === ">") return collate(text, other, operator);
  return compareNumbers(shell, operator, arithmetic(shell, text), arithmetic(shell, other));
}

/** The order of the locale: modelled for C.UTF-8, and only where other locales agree is it answered. */
function collate(left: string, right: string, operator: string): boolean {
  if (!/^[0-9.]*$/.test(left + right)) handOver("the order of texts");
  return operator === "<" ? left < right : left > right;
}

function compareNumbers(shell: Shell, operator: string, left: bigint, right: bigint): boolean {
  switch (operator) {
    case "-eq":
      return left === right;
    case "-ne":
      return left !== right;
    case "-lt":
      return left < right;
    case "-le":
      return left <= right;
    case "-gt":
      return left > right;
    case "-ge":
      return left >= right;
    default:
      return handOver(`the test ${operator}`, shell.at);
  }
}

/** POSIX extended expressions that mean the same in JavaScript and cannot run away: no alternation, no repeated groups, short texts. */
function matchExpression(shell: Shell, text: string, word: Word): boolean {
  const pieces = expandParts(shell, word.parts, false);
  const source = pieces
    .map((piece) => ("boundary" in piece ? " " : piece.quoted ? piece.text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&") : piece.text))
    .join("");
  const modelled =
    /^\^?(?:(?:[A-Za-z0-9 _/:,=@#%~-]|\\[.*+?^${}()|[\]\\]|\.|\[\^?[A-Za-z0-9._+-]+\]|\[\[:(?:digit|alpha|alnum):\]\]|\((?=[^()|]*\)(?![*+?{]))|\))[*+?]?)*\$?$/;
  if (!modelled.test(source) || text.length > 1000 || (source.match(/[*+]/g)?.length ?? 0) > 3) handOver("a regular expression", shell.at);
  spend(shell, text.length ** 2 / 8 + 100);
  const classes = { digit: "0-9", alpha: "A-Za-z", alnum: "A-Za-z0-9" } as const;
  const match = new RegExp(
    source.replace(/\[:(\w+):\]/g, (_, name: keyof typeof classes) => classes[name]),
    "s",
  ).exec(text);
  if (/[^\0-\x7f]/.test(text)) handOver("a regular expression on text that is not ASCII", shell.at);
  shell.globals.set("BASH_REMATCH", arrayOf(match === null ? [] : [...match].map((group) => group ?? "")));
  return match !== null;
}

/** `test` and `[` for up to four arguments, by the rules that POSIX gives for each number of them. */
export function evaluateTest(shell: Shell, args: readonly string[]): boolean {
  const [a = "", b = "", c = ""] = args;
  if (args.length === 0) return false;
  if (args.length === 1) return refuseMark(a) !== "";
  if (a === "!" && args.length <= 4 && !(args.length === 3 && isBinary(b))) return !evaluateTest(shell, args.slice(1));
  if (args.length === 2) return evaluateUnary(shell, a, b);
  if (args.length === 3 && isBinary(b)) return testBinary(shell, a, b, c);
  return handOver("a test with many arguments", shell.at);
}

const isBinary = (text: string) => /^(?:==|=|!=|-(?:eq|ne|lt|le|gt|ge))$/.test(text);

function testBinary(shell: Shell, left: string, operator: string, right: string): boolean {
  refuseMark(left + right);
  if (operator === "=" || operator === "==") return left === right;
  if (operator === "!=") return left !== right;
  if (!/^[-+]?\d{1,18}$/.test(left) || !/^[-+]?\d{1,18}$/.test(right)) handOver("a comparison of what is no number", shell.at);
  return compareNumbers(shell, operator, BigInt(left), BigInt(right));
}
