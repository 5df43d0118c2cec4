// Finds and evaluates the assignments in package functions that makepkg finds with grep in what `declare -f` prints (libmakepkg
// util/pkgbuild.sh, extract_function_variable): those that stand at the beginning of a printed line. The functions are never run.

import { assignedValue } from "./bash/assignments.ts";
import type { AndOr, Assignment, Command, List, Simple } from "./bash/ast.ts";
import { handOver } from "./bash/handover.ts";
import { arrayOf, entriesOf, plainText, refuseMark, type Shell, type ShellFunction, scalar, subshell, type Value } from "./bash/shell.ts";
import type { Override } from "./reading.ts";
import { arrayFields, stringFields } from "./schema.ts";

interface Candidate {
  readonly command: Simple;
  /** Nothing else is printed on its line. */
  readonly alone: boolean;
  /** Something follows it in its list, so that it is printed with a semicolon. */
  readonly followed: boolean;
}

const fields = [...arrayFields, ...stringFields].join("|");
const fieldName = new RegExp(`^(?:${fields})(?:_\\w+)?$`);
const mention = new RegExp(`(?:${fields})(?:_\\w+)?\\+?=`);
const lineMention = new RegExp(`^[ \\t]*(?:${fields})(?:_\\w+)?\\+?=`, "gm");

/** The overrides of every package, evaluated as makepkg does while it writes .SRCINFO. */
export function findOverrides(shell: Shell, packageNames: readonly string[]): Override[] {
  return packageNames.flatMap((name) => {
    const found = shell.functions.get(`package_${name}`) ?? shell.functions.get("package");
    if (found === undefined) return [];
    return overridesIn(shell, name, found);
  });
}

function overridesIn(shell: Shell, packageName: string, found: ShellFunction): Override[] {
  const candidates = candidatesIn(found);
  const keys = new Map(candidates.map(({ command }) => [keyOf(command), command.assignments[0]] as const));
  return [...keys].map(([key, first]) => {
    const same = candidates.filter(({ command }) => keyOf(command) === key);
    return evaluateOverride(shell, packageName, first ?? handOver("an odd override"), same, found.text);
  });
}

const formOf = (assignment: Assignment | undefined) => (assignment !== undefined && "type" in assignment.value ? "array" : "string");
const keyOf = ({ assignments: [first] }: Simple) => `${first?.name} ${formOf(first)}`;

function candidatesIn({ body, text }: ShellFunction): Candidate[] {
  const end = "end" in body ? body.end : text.length;
  const own = text.slice(body.start, end);
  if (!mention.test(own)) return [];
  const starts = new Set<number>();
  const found: Candidate[] = [];
  walkCommand(body, { lineStart: true, alone: true, followed: true }, found, starts);
  refuseHiddenLines(own, body.start, starts);
  return found;
}

/** A line of a string or here-document that looks like an assignment is found by grep too. */
function refuseHiddenLines(own: string, offset: number, starts: ReadonlySet<number>): void {
  for (const match of own.matchAll(lineMention)) {
    const at = offset + match.index + (/^[ \t]*/.exec(match[0])?.[0].length ?? 0);
    if (!starts.has(at)) handOver("what looks like an assignment inside a text", at);
  }
}

interface Spot {
  readonly lineStart: boolean;
  readonly alone: boolean;
  readonly followed: boolean;
}

function walkList(list: List, firstAtLineStart: boolean, found: Candidate[], starts: Set<number>): void {
  list.forEach((each, index) => {
    const before = list[index - 1];
    const lineStart = before === undefined ? firstAtLineStart : !before.background;
    walkAndOr(each, { lineStart, followed: index < list.length - 1 }, found, starts);
  });
}

function walkAndOr({ first, rest, background }: AndOr, spot: Omit<Spot, "alone">, found: Candidate[], starts: Set<number>): void {
  const alone = rest.length === 0 && !background && first.commands.length === 1;
  const never = { lineStart: false, alone: false, followed: true };
  first.commands.forEach((each, index) => {
    walkCommand(each, index === 0 && !first.negated ? { ...spot, alone } : never, found, starts);
  });
  for (const { pipeline } of rest) for (const each of pipeline.commands) walkCommand(each, never, found, starts);
}

function walkCommand(command: Command, spot: Spot, found: Candidate[], starts: Set<number>): void {
  const inside = (list: List, lineStart: boolean) => walkList(list, lineStart, found, starts);
  switch (command.type) {
    case "simple":
      for (const each of command.assignments) starts.add(each.start);
      if (spot.lineStart && isCandidate(command)) found.push({ command, alone: spot.alone, followed: spot.followed });
      return;
    case "group":
      inside(command.body, true);
      return;
    case "subshell": {
      const before = found.length;
      inside(command.body, false);
      // bash prints the parenthesis that ends it on the line of its last command.
      if (found.length > before) handOver("an override in a subshell", command.start);
      return;
    }
    case "if":
      for (const { condition, body } of command.branches) {
        inside(condition, false);
        inside(body, true);
      }
      inside(command.otherwise ?? [], true);
      return;
    case "while":
    case "until":
      inside(command.condition, false);
      inside(command.body, true);
      return;
    case "for":
    case "cfor":
      inside(command.body, true);
      return;
    case "case":
      for (const { body } of command.clauses) inside(body, true);
      return;
    case "function":
      walkCommand(command.body, spot, found, starts);
      return;
    case "condition":
    case "arithmetic":
  }
}

function isCandidate({ assignments: [first] }: Simple): boolean {
  return first !== undefined && first.subscript === undefined && fieldName.test(first.name);
}

/** `get_pkgbuild_attribute`: the global value, then every line found, on a variable of another name among makepkg's locals. */
function evaluateOverride(outer: Shell, packageName: string, first: Assignment, candidates: readonly Candidate[], text: string): Override {
  const form = formOf(first);
  const shell = subshell(outer, undefined);
  let value = globalValue(shell, first.name, form);
  shell.positional = [`package_${packageName}`, first.name, form === "array" ? "1" : "0", "outvalue"];
  const locals = {
    pkgname: packageName,
    attrname: first.name,
    attr: first.name,
    isarray: form === "array" ? "1" : "0",
    outputvar: "outvalue",
  };
  shell.scopes.push(new Map(Object.entries(locals).map(([name, text]) => [name, scalar(text)])));
  for (const candidate of candidates) {
    const assignment = onlyAssignment(candidate, text);
    shell.at = assignment.start;
    shell.scopes.at(-1)?.set("outvalue", value);
    value = assignedValue(shell, assignment, value);
  }
  return { packageName, field: first.name, form, values: entriesOf(value).map(([, text]) => refuseMark(text)) };
}

function globalValue(shell: Shell, name: string, form: "string" | "array"): Value {
  const old = shell.globals.get(name);
  if (form === "string") return scalar(plainText(old) ?? "");
  if (old?.kind === "array") return { kind: "array", items: new Map(old.items) };
  return arrayOf(entriesOf(old).map(([, text]) => text));
}

/** The assignment of a line that holds nothing else; longer lines would be evaluated whole. */
function onlyAssignment({ command, alone, followed }: Candidate, text: string): Assignment {
  const [assignment, ...others] = command.assignments;
  if (assignment === undefined || others.length > 0 || !alone || command.words.length > 0 || command.redirects.length > 0)
    return handOver("an override that shares its line", command.start);
  const { value } = assignment;
  const words = "type" in value ? value.elements.map((each) => each.value) : [value];
  if (!followed && !("type" in value) && value.start === value.end) handOver("an empty override at the end", command.start);
  if (words.some((word) => text.slice(word.start, word.end).includes("\n"))) handOver("an override over several lines", command.start);
  return assignment;
}
