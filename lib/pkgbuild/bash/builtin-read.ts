// `read`: a line of a here-string or here-document into variables (bash(1), SHELL BUILTIN COMMANDS).
import { type Builtin, nameOnly, texts } from "./builtin.ts";
import { ifs } from "./expand.ts";
import { handOver } from "./handover.ts";
import { arrayOf, refuseMark, store, storeText } from "./shell.ts";

/** `read` of one line from a here-string or here-document, into names or with -a into an array. */
export const read: Builtin = (shell, args, { input, ifs: given }) => {
  const words = texts(shell, args);
  const flags = words.filter((word) => word.startsWith("-")).join("");
  const names = words.filter((word) => !word.startsWith("-"));
  if (
    input === undefined ||
    /[^-ra]/.test(flags) ||
    words.findLastIndex((word) => word.startsWith("-")) > words.length - names.length - 1 + 0 ||
    names.length === 0
  )
    return handOver("an odd read", shell.at);
  const end = input.indexOf("\n");
  const line = refuseMark(end === -1 ? input : input.slice(0, end));
  const separators = given ?? ifs(shell);
  if (!flags.includes("r") && line.includes("\\")) handOver("a backslash in what is read", shell.at);
  if (!names.every((name) => nameOnly.test(name))) handOver("an odd name for read", shell.at);
  const fields = readFields(line, separators, flags.includes("a") ? undefined : names.length);
  if (flags.includes("a")) store(shell, names[0] ?? "", arrayOf(fields));
  else for (const [index, name] of names.entries()) storeText(shell, name, fields[index] ?? "");
  return end === -1 ? 1 : 0;
};

function readFields(line: string, separators: string, count: number | undefined): string[] {
  if (separators === "") return line === "" && count === undefined ? [] : [line];
  const spaces = [...separators].filter((char) => " \t\n".includes(char));
  if (spaces.length !== separators.length && (spaces.length > 0 || separators.length !== 1)) return handOver("an odd IFS for read");
  if (spaces.length > 0) return readBlanks(line, spaces, count);
  const fields = line.split(separators);
  if (fields.at(-1) === "") fields.pop();
  if (count !== undefined && fields.length > count)
    return line.endsWith(separators)
      ? handOver("an odd IFS for read")
      : [...fields.slice(0, count - 1), fields.slice(count - 1).join(separators)];
  return fields;
}

function readBlanks(line: string, spaces: readonly string[], count: number | undefined): string[] {
  const isSpace = (char: string | undefined) => char !== undefined && spaces.includes(char);
  let from = 0;
  let to = line.length;
  while (from < to && isSpace(line[from])) from++;
  while (to > from && isSpace(line[to - 1])) to--;
  const fields: string[] = [];
  while (from < to) {
    if (fields.length + 1 === count) return [...fields, line.slice(from, to)];
    const start = from;
    while (from < to && !isSpace(line[from])) from++;
    fields.push(line.slice(start, from));
    while (from < to && isSpace(line[from])) from++;
  }
  return fields;
}
