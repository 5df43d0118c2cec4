// Expands `$name` and `${…}` (bash(1), Parameter Expansion).
import type { Parameter, Word } from "./ast.ts";
import { changeCase, edit, refuseUnknown, replacementOf, transform } from "./edits.ts";
import { arithmetic, boundary, expandParts, expandPattern, expandText, ifs, joinPieces, type Piece } from "./expand.ts";
import { handOver } from "./handover.ts";
import { compilePattern, type PatternOptions } from "./pattern.ts";
import { entriesOf, lookUp, plainText, refuseMark, type Shell, scalar, sized, spend, statusOf, store, type Value } from "./shell.ts";

interface Found {
  readonly values: readonly string[];
  /** Set for `$@`, `${a[@]}` and the like; `*` joins inside quotes. */
  readonly many: "@" | "*" | undefined;
  readonly isSet: boolean;
}

/** The pieces that `part` expands to. */
export function expandParameter(shell: Shell, part: Parameter, quoted: boolean): Piece[] {
  spend(shell, 1);
  if (part.prefix !== undefined) return handOver("names by their prefix", part.start);
  if (part.indirect && (part.subscript === "@" || part.subscript === "*") && part.operator === undefined)
    return spread(shell, keysOf(shell, part), quoted);
  const found = part.indirect ? indirect(shell, part) : find(shell, part.name, part.subscript);
  const hasDefault = part.operator !== undefined && /^:?[-=?+]$/.test(part.operator);
  if (!found.isSet && !hasDefault && shell.options.has("nounset")) handOver("an unset variable", part.start);
  if (part.length) return [{ text: lengthOf(found), quoted, expanded: true }];
  if (hasDefault) return expandDefault(shell, part, found, quoted);
  return spread(shell, { ...found, values: operate(shell, part, found) }, quoted);
}

function spread(shell: Shell, found: Found, quoted: boolean): Piece[] {
  const piece = (text: string): Piece => ({ text, quoted, expanded: true });
  if (found.many === undefined) return found.values.length === 0 && !quoted ? [] : [piece(found.values[0] ?? "")];
  if (quoted && found.many === "*") return [piece(found.values.join(ifs(shell)[0] ?? ""))];
  if (!quoted && ifs(shell) !== " \t\n") handOver("an unquoted list while IFS is set", shell.at);
  return found.values.flatMap((value, index) => (index === 0 ? [piece(value)] : [boundary, piece(value)]));
}

function find(shell: Shell, name: string, subscript: Parameter["subscript"]): Found {
  if (name === "@" || name === "*") return { values: shell.positional, many: name, isSet: shell.positional.length > 0 };
  const special = subscript === undefined ? specialValue(shell, name) : undefined;
  if (special !== undefined) return { values: special.isSet ? [special.text] : [], many: undefined, isSet: special.isSet };
  const value = lookUp(shell, name);
  if (subscript === "@" || subscript === "*") {
    const values = entriesOf(value).map(([, text]) => text);
    return { values, many: subscript, isSet: values.length > 0 };
  }
  const text = subscript === undefined ? plainText(value) : elementOf(shell, value, subscript);
  return { values: text === undefined ? [] : [text], many: undefined, isSet: text !== undefined };
}

function specialValue(shell: Shell, name: string): { text: string; isSet: boolean } | undefined {
  if (name === "?") return { text: String(statusOf(shell)), isSet: true };
  if (name === "#") return { text: String(shell.positional.length), isSet: true };
  if (/^[1-9]\d*$/.test(name)) {
    const text = shell.positional[Number(name) - 1];
    return { text: text ?? "", isSet: text !== undefined };
  }
  return /^[0$!-]/.test(name) ? handOver(`the parameter $${name}`, shell.at) : undefined;
}

/** The element that a subscript names; negative ones count from the end. */
function elementOf(shell: Shell, value: Value | undefined, subscript: Word): string | undefined {
  if (value?.kind === "map") return value.items.get(expandText(shell, subscript));
  const index = arithmetic(shell, expandText(shell, subscript));
  const entries = entriesOf(value);
  if (index < 0n && value?.kind !== "array") handOver("a negative subscript of what is no array", shell.at);
  const last = Number(entries.at(-1)?.[0] ?? -1);
  if (index < 0n && Number(index) + last + 1 < 0) handOver("a subscript before the start of an array", shell.at);
  const key = index < 0n ? Number(index) + last + 1 : Number(index);
  if (value?.kind === "array") return value.items.get(key);
  return entries.find(([each]) => each === String(key))?.[1];
}

function keysOf(shell: Shell, part: Parameter): Found {
  const values = entriesOf(lookUp(shell, part.name)).map(([key]) => key);
  return { values, many: part.subscript === "*" ? "*" : "@", isSet: values.length > 0 };
}

/** `${!name}`: the name, or name with a plain subscript, that the value spells. */
function indirect(shell: Shell, part: Parameter): Found {
  const target = find(shell, part.name, part.subscript).values[0] ?? handOver("an indirection through an unset variable", part.start);
  const match = /^([A-Za-z_]\w*)(?:\[(@|\*|\d+)\])?$/.exec(target);
  if (match === null) return handOver("an odd indirection", part.start);
  const [, name = "", subscript] = match;
  if (subscript === undefined || subscript === "@" || subscript === "*") return find(shell, name, subscript);
  return find(shell, name, { parts: [{ type: "text", value: subscript }], start: part.start, end: part.start });
}

function lengthOf(found: Found): string {
  if (found.many !== undefined) return String(found.values.length);
  return String([...refuseMark(found.values[0] ?? "")].length);
}

function expandDefault(shell: Shell, part: Parameter, found: Found, quoted: boolean): Piece[] {
  const operator = part.operator ?? "";
  const strict = operator.startsWith(":");
  if (strict && found.many !== undefined && found.values.length > 0 && found.values.every((value) => value === ""))
    handOver("a default for a list of empty values", part.start);
  if (strict) for (const value of found.values) refuseUnknown(value);
  const present = found.isSet && !(strict && found.many === undefined && found.values[0] === "");
  const kind = operator.at(-1);
  if (kind === "+") return present ? defaultWord(shell, part, quoted) : quoted ? [{ text: "", quoted, expanded: true }] : [];
  if (present) return spread(shell, found, quoted);
  if (kind === "-") return defaultWord(shell, part, quoted);
  if (kind === "=" && part.subscript === undefined && !part.indirect) return assignDefault(shell, part, quoted);
  return handOver(kind === "?" ? "an expansion that fails" : "assigning an odd default", part.start);
}

function defaultWord(shell: Shell, part: Parameter, quoted: boolean): Piece[] {
  if (part.word === undefined || part.word.parts.length === 0) return quoted ? [{ text: "", quoted, expanded: true }] : [];
  const [first] = part.word.parts;
  if (first?.type === "text" && first.value.startsWith("~")) handOver("a tilde", part.start);
  return expandParts(shell, part.word.parts, quoted).map((piece) =>
    "boundary" in piece || piece.quoted ? piece : { ...piece, expanded: true },
  );
}

function assignDefault(shell: Shell, part: Parameter, quoted: boolean): Piece[] {
  if (!/^[A-Za-z_]/.test(part.name)) handOver("assigning an odd default", part.start);
  const text = joinPieces(shell, defaultWord(shell, part, quoted));
  const old = lookUp(shell, part.name);
  if (old !== undefined && old.kind !== "scalar") handOver("assigning an odd default", part.start);
  store(shell, part.name, scalar(text));
  return [{ text, quoted, expanded: true }];
}

/** The values after the operator, if there is one. */
function operate(shell: Shell, part: Parameter, found: Found): readonly string[] {
  const { operator, word } = part;
  if (operator === undefined) return found.values;
  if (operator === ":") return slice(shell, part, found);
  if (operator === "@")
    return found.values.map((value) => transform(refuseMark(value), word === undefined ? "" : expandText(shell, word), part));
  const options: PatternOptions = { extglob: shell.options.has("extglob"), spend: (steps) => spend(shell, steps) };
  const text = word === undefined ? "" : expandPattern(shell, word);
  if (/^[\^,]/.test(operator)) return found.values.map((value) => changeCase(refuseMark(value), operator, text, options));
  const pattern = compilePattern(refuseMark(text), options);
  const replacement = part.second === undefined ? () => "" : replacementOf(shell, part.second);
  return found.values.map((value) => sized(shell, edit(value, operator, pattern, replacement, options)));
}

/** `${x:offset:length}` for texts and lists (bash(1), Substring Expansion). */
function slice(shell: Shell, part: Parameter, found: Found): readonly string[] {
  const offset = Number(arithmetic(shell, part.word === undefined ? "" : expandText(shell, part.word)));
  const length = part.second === undefined ? undefined : Number(arithmetic(shell, expandText(shell, part.second)));
  if (found.many !== undefined) return sliceList(shell, part, found, offset, length);
  const chars = [...refuseMark(found.values[0] ?? "")];
  const start = offset < 0 ? chars.length + offset : offset;
  if (start < 0 || start > chars.length) return [""];
  const end = length === undefined ? chars.length : length < 0 ? chars.length + length : start + length;
  if (end < start) handOver("a slice of negative length", part.start);
  return [chars.slice(start, end).join("")];
}

function sliceList(shell: Shell, part: Parameter, found: Found, offset: number, length: number | undefined): readonly string[] {
  if (length !== undefined && length < 0) handOver("a slice of negative length", part.start);
  if (part.name === "@" || part.name === "*") {
    if (offset < 1) handOver("a slice of the parameters from 0", part.start);
    return found.values.slice(offset - 1, length === undefined ? undefined : offset - 1 + length);
  }
  const entries = part.indirect ? handOver("a slice through an indirection", part.start) : entriesOf(lookUp(shell, part.name));
  const start = offset < 0 ? Number(entries.at(-1)?.[0] ?? -1) + 1 + offset : offset;
  if (start < 0) return [];
  const from = entries.filter(([key]) => Number(key) >= start).map(([, text]) => text);
  return length === undefined ? from : from.slice(0, length);
}
