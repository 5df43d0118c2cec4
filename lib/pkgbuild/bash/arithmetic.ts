// Evaluates arithmetic (bash(1), ARITHMETIC EVALUATION): 64-bit integers with C's operators.
import { BashSyntaxError, handOver, LimitExceeded } from "./handover.ts";

export interface ArithmeticNames {
  /** The text of a variable, or nothing when it is unset. */
  readonly get: (name: string, index?: bigint) => string | undefined;
  readonly set: (name: string, value: string, index?: bigint) => void;
}

interface State {
  readonly tokens: readonly string[];
  at: number;
  /** False in the branch that is not taken: nothing is assigned or divided there. */
  live: boolean;
  operands: number;
  readonly depth: number;
  readonly names: ArithmeticNames;
}

const token =
  /\s*(0[xX][0-9a-fA-F]+|\d+#\w+|\d+|[A-Za-z_]\w*|<<=|>>=|\*\*|\+\+|--|<<|>>|<=|>=|==|!=|&&|\|\||[-+*/%&^|]=|[-+*/%<>=!~&^|?:(),[\]])\s*/y;

const binary: Record<string, number> = {
  ...{ "||": 4, "&&": 5, "|": 6, "^": 7, "&": 8, "==": 9, "!=": 9, "<": 10, ">": 10, "<=": 10, ">=": 10 },
  ...{ "<<": 11, ">>": 11, "+": 12, "-": 12, "*": 13, "/": 13, "%": 13, "**": 14 },
};

/** The value of `text`; an empty expression is 0. */
export function evaluateArithmetic(text: string, names: ArithmeticNames, depth = 0): bigint {
  if (depth > 20) throw new LimitExceeded("arithmetic refers to itself too often");
  const tokens = tokenize(text);
  if (tokens.length === 0) return 0n;
  const state: State = { tokens, at: 0, live: true, operands: 0, depth, names };
  const value = comma(state);
  if (state.at < tokens.length) handOver("odd arithmetic");
  return value;
}

function tokenize(text: string): string[] {
  const found: string[] = [];
  token.lastIndex = 0;
  const trimmed = text.trim();
  while (token.lastIndex < trimmed.length) {
    const match = token.exec(trimmed);
    if (match === null) handOver("odd arithmetic");
    found.push(match[1] ?? "");
  }
  return found;
}

const accept = (state: State, ...wanted: string[]) => {
  const next = state.tokens[state.at];
  if (next === undefined || !wanted.includes(next)) return undefined;
  state.at++;
  return next;
};

function comma(state: State): bigint {
  let value = assignment(state);
  while (accept(state, ",")) value = assignment(state);
  return value;
}

function assignment(state: State): bigint {
  const start = state.at;
  const target = lvalue(state);
  const operator = target && accept(state, "=", "+=", "-=", "*=", "/=", "%=", "<<=", ">>=", "&=", "^=", "|=");
  if (target === undefined || operator === undefined) {
    state.at = start;
    return conditional(state);
  }
  const right = assignment(state);
  const value = operator === "=" ? right : apply(state, operator.slice(0, -1), read(state, target), right);
  return write(state, target, value);
}

type Target = readonly [name: string, index?: bigint];

function lvalue(state: State): Target | undefined {
  const name = state.tokens[state.at];
  if (name === undefined || !/^[A-Za-z_]/.test(name)) return undefined;
  state.at++;
  if (!accept(state, "[")) return [name];
  const index = comma(state);
  if (!accept(state, "]")) handOver("odd arithmetic");
  return [name, index];
}

function conditional(state: State): bigint {
  const condition = infix(state, 4);
  if (!accept(state, "?")) return condition;
  const yes = alive(state, condition !== 0n, () => assignment(state));
  if (!accept(state, ":")) throw new BashSyntaxError("`:' expected for conditional expression", -1);
  const no = alive(state, condition === 0n, () => conditional(state));
  return condition !== 0n ? yes : no;
}

function alive(state: State, live: boolean, parse: () => bigint): bigint {
  const before = state.live;
  state.live = before && live;
  const value = parse();
  state.live = before;
  return value;
}

function infix(state: State, lowest: number): bigint {
  let left = unary(state);
  for (;;) {
    const operator = state.tokens[state.at] ?? "";
    const power = binary[operator];
    if (power === undefined || power < lowest) return left;
    state.at++;
    const right = () => infix(state, operator === "**" ? power : power + 1);
    if (operator === "&&") left = alive(state, left !== 0n, right) !== 0n && left !== 0n ? 1n : 0n;
    else if (operator === "||") left = alive(state, left === 0n, right) !== 0n || left !== 0n ? 1n : 0n;
    else left = apply(state, operator, left, right());
  }
}

function apply(state: State, operator: string, left: bigint, right: bigint): bigint {
  const truth = (value: boolean) => (value ? 1n : 0n);
  const wrap = (value: bigint) => BigInt.asIntN(64, value);
  if ((operator === "/" || operator === "%") && right === 0n) return state.live ? handOver("a division by zero") : 0n;
  switch (operator) {
    case "+":
      return wrap(left + right);
    case "-":
      return wrap(left - right);
    case "*":
      return wrap(left * right);
    case "/":
      return wrap(left / right);
    case "%":
      return wrap(left % right);
    case "**":
      return right < 0n || right > 4096n ? handOver("an odd exponent") : wrap(left ** right);
    case "<<":
      return right < 0n || right > 63n ? handOver("an odd shift") : wrap(left << right);
    case ">>":
      return right < 0n || right > 63n ? handOver("an odd shift") : wrap(left >> right);
    case "&":
      return left & right;
    case "^":
      return left ^ right;
    case "|":
      return left | right;
    case "==":
      return truth(left === right);
    case "!=":
      return truth(left !== right);
    case "<":
      return truth(left < right);
    case ">":
      return truth(left > right);
    case "<=":
      return truth(left <= right);
    case ">=":
      return truth(left >= right);
    default:
      return handOver("odd arithmetic");
  }
}

function unary(state: State): bigint {
  if (++state.operands > 1000) throw new LimitExceeded("an arithmetic expression has more than 1000 operands");
  const operator = accept(state, "!", "~", "-", "+", "++", "--");
  if (operator === "++" || operator === "--") {
    const target = lvalue(state) ?? handOver("odd arithmetic");
    return write(state, target, read(state, target) + (operator === "++" ? 1n : -1n));
  }
  if (operator === undefined) return primary(state);
  const value = unary(state);
  if (operator === "!") return value === 0n ? 1n : 0n;
  return operator === "~" ? ~value : operator === "-" ? BigInt.asIntN(64, -value) : value;
}

function primary(state: State): bigint {
  if (accept(state, "(")) {
    const value = comma(state);
    if (!accept(state, ")")) handOver("odd arithmetic");
    return value;
  }
  const target = lvalue(state);
  if (target === undefined) return number(state.tokens[state.at++]);
  const value = read(state, target);
  const operator = accept(state, "++", "--");
  if (operator !== undefined) write(state, target, value + (operator === "++" ? 1n : -1n));
  return value;
}

function read(state: State, [name, index]: Target): bigint {
  if (!state.live) return 0n;
  const text = state.names.get(name, index) ?? "";
  return /^\s*\d+\s*$/.test(text) ? number(text.trim()) : evaluateArithmetic(text, state.names, state.depth + 1);
}

function write(state: State, [name, index]: Target, value: bigint): bigint {
  const wrapped = BigInt.asIntN(64, value);
  if (state.live) state.names.set(name, String(wrapped), index);
  return wrapped;
}

/** A constant: decimal, `0x…`, octal with a leading 0, `base#digits` up to base 36. */
function number(text: string | undefined): bigint {
  if (text === undefined || !/^\d/.test(text)) handOver("odd arithmetic");
  const hash = text.indexOf("#");
  if (hash !== -1) return inBase(Number(text.slice(0, hash)), text.slice(hash + 1));
  if (/^0[xX]/.test(text)) return inBase(16, text.slice(2));
  return /^0\d/.test(text) ? inBase(8, text) : BigInt.asIntN(64, BigInt(text));
}

/** Capital and small letters are one up to base 36 (bash(1), ARITHMETIC EVALUATION). */
function inBase(base: number, digits: string): bigint {
  if (base < 2 || base > 36) handOver("an odd base");
  let value = 0n;
  for (const char of digits) {
    const digit = Number.parseInt(char, 36);
    if (!(digit < base)) handOver("a digit too great for its base");
    value = BigInt.asIntN(64, value * BigInt(base) + BigInt(digit));
  }
  return value;
}
