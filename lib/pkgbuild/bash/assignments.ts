// Assignments to scalars, arrays and their elements (bash(1), PARAMETERS and Arrays).
import type { ArrayElement, ArrayValue, Assignment, Word } from "./ast.ts";
import { expandBraces } from "./braces.ts";
import { arithmetic, expandText, expandWords } from "./expand.ts";
import { handOver, LimitExceeded, limits } from "./handover.ts";
import { lookUp, plainText, refuseMark, type Shell, scalar, settable, sized, spend, store, unknownMark, type Value } from "./shell.ts";

/** Makes the assignment in the scope where the name is visible. */
export function assign(shell: Shell, assignment: Assignment): void {
  if (appendsToSetting(shell, assignment)) {
    store(shell, assignment.name, scalar(unknownMark));
    return;
  }
  const replaces = !assignment.append && assignment.subscript === undefined && "type" in assignment.value;
  store(
    shell,
    assignment.name,
    assignedValue(shell, assignment, replaces ? mapOf(shell, assignment.name) : lookUp(shell, assignment.name)),
  );
}

/** What is added to a setting of makepkg.conf that is not known here; whoever looks at it hands over. */
const appendsToSetting = (shell: Shell, { name, append }: Assignment) => append && settable.test(name) && !isSet(shell, name);

const isSet = (shell: Shell, name: string) => [...shell.scopes, shell.globals].some((scope) => scope.has(name));

/** A list assignment replaces everything but the kind of a map. */
function mapOf(shell: Shell, name: string): Value | undefined {
  const old = [...shell.scopes, shell.globals].find((scope) => scope.get(name)?.kind === "map");
  return old?.get(name);
}

/** The value that `assignment` gives to a variable that was `old`. */
export function assignedValue(shell: Shell, { value, append, subscript, start }: Assignment, old: Value | undefined): Value {
  spend(shell, 1);
  if (subscript !== undefined)
    return withElement(shell, old, subscript, "type" in value ? handOver("a list in an element", start) : value, append);
  if ("type" in value) return arrayValue(shell, value, append, old);
  const text = expandText(shell, value);
  if (old === undefined || old.kind === "scalar") return scalar(append ? sized(shell, (old?.text ?? "") + text) : text);
  if (old.kind === "map") return { kind: "map", items: new Map([...old.items, ["0", append ? (old.items.get("0") ?? "") + text : text]]) };
  return { kind: "array", items: new Map([...old.items, [0, append ? (plainText(old) ?? "") + text : text]]) };
}

function withElement(shell: Shell, old: Value | undefined, subscript: Word, word: Word, append: boolean): Value {
  if (old?.kind === "map") {
    const key = expandText(shell, subscript);
    const text = expandText(shell, word);
    return { kind: "map", items: new Map(old.items).set(key, append ? (old.items.get(key) ?? "") + text : text) };
  }
  const items = indexed(old);
  const index = indexOf(shell, subscript, items);
  const text = expandText(shell, word);
  spend(shell, items.size);
  items.set(index, append ? sized(shell, (items.get(index) ?? "") + text) : text);
  return { kind: "array", items };
}

function indexed(old: Value | undefined): Map<number, string> {
  if (old?.kind === "array") return new Map(old.items);
  const text = plainText(old);
  return new Map(text === undefined ? [] : [[0, text]]);
}

function indexOf(shell: Shell, subscript: Word, items: ReadonlyMap<number, string>): number {
  const value = arithmetic(shell, expandText(shell, subscript));
  const index = value < 0n ? Number(value) + Math.max(-1, ...items.keys()) + 1 : Number(value);
  if (index < 0 || !Number.isSafeInteger(index)) handOver("a subscript out of range", shell.at);
  return index;
}

function arrayValue(shell: Shell, { elements }: ArrayValue, append: boolean, old: Value | undefined): Value {
  if (old?.kind === "map") return mapValue(shell, elements, append ? old.items : new Map());
  const items = append ? indexed(old) : new Map<number, string>();
  let next = append ? Math.max(-1, ...items.keys()) + 1 : 0;
  for (const { subscript, append: more, value } of elements) {
    if (subscript !== undefined) {
      refuseBraces(shell, subscript, value);
      next = indexOf(shell, subscript, items);
      const text = expandText(shell, value);
      items.set(next, more ? (items.get(next) ?? "") + text : text);
      next++;
    } else for (const text of expandWords(shell, [value])) items.set(next++, text);
    if (items.size > limits.elements) throw new LimitExceeded(`an array has more than ${limits.elements} elements`, shell.at);
  }
  spend(shell, items.size);
  return { kind: "array", items };
}

function mapValue(shell: Shell, elements: readonly ArrayElement[], before: ReadonlyMap<string, string>): Value {
  if (elements[0] !== undefined && elements[0].subscript === undefined) return mapOfPairs(shell, elements, before);
  const items = new Map(before);
  for (const { subscript, append, value } of elements) {
    if (subscript === undefined) return handOver("a value without a subscript in an associative array", shell.at);
    refuseBraces(shell, subscript, value);
    const key = expandText(shell, subscript);
    items.set(key, append ? (items.get(key) ?? "") + expandText(shell, value) : expandText(shell, value));
  }
  return { kind: "map", items };
}

/** Braces are expanded before a subscript is seen: `[0]={a,b}` becomes two words that are no assignments. */
function refuseBraces(shell: Shell, subscript: Word, value: Word): void {
  if (expandBraces(subscript).length > 1 || expandBraces(value).length > 1) handOver("braces in an element with a subscript", shell.at);
}

/** `a=(key value key value)`: words that are neither split nor brace-expanded (bash 5.1, Arrays). */
function mapOfPairs(shell: Shell, elements: readonly ArrayElement[], before: ReadonlyMap<string, string>): Value {
  if (elements.some(({ subscript }) => subscript !== undefined)) handOver("a subscript among pairs", shell.at);
  const items = new Map(before);
  const words = elements.map(({ value }) => expandText(shell, value));
  for (let at = 0; at < words.length; at += 2) {
    const key = refuseMark(words[at] ?? "");
    items.set(key === "" ? handOver("an empty subscript", shell.at) : key, words[at + 1] ?? "");
  }
  return { kind: "map", items };
}
