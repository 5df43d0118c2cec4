// `printf` and `echo`: their formats and escapes (bash(1), SHELL BUILTIN COMMANDS).
import { handOver } from "./handover.ts";
import { refuseMark } from "./shell.ts";

const escapes: Record<string, string> = { n: "\n", t: "\t", "\\": "\\", a: "\x07", b: "\b", f: "\f", r: "\r", v: "\v", '"': '"' };

/** What `printf format args…` prints; the format is used again while arguments are left. */
export function formatPrintf(format: string, args: readonly string[]): string {
  let result = "";
  let rest = args;
  do {
    const [text, used] = formatOnce(format, rest);
    result += text;
    if (used === 0) break;
    rest = rest.slice(used);
  } while (rest.length > 0 && result.length < 1024 * 1024);
  return result;
}

function formatOnce(format: string, args: readonly string[]): [text: string, used: number] {
  let used = 0;
  const text = format.replace(
    /\\(.?)|%%|%([-0]?)(\d*)(?:\.(\d+))?(.?)/gs,
    (all: string, letter?: string, flag?: string, width?: string, precision?: string, kind?: string) => {
      if (all === "%%") return "%";
      if (letter !== undefined) return escapes[letter] ?? handOver("an escape of printf");
      const value = args[used++] ?? "";
      return padded(convert(kind ?? "", value, precision), flag ?? "", Number(width ?? 0));
    },
  );
  return [text, used];
}

function convert(kind: string, value: string, precision: string | undefined): string {
  if (kind === "s" && (precision === undefined || /^[\0-\x7f]*$/.test(value)))
    return precision === undefined ? value : refuseMark(value).slice(0, Number(precision));
  if ((kind === "d" || kind === "i") && precision === undefined && /^(?:0|-?[1-9]\d{0,14}|)$/.test(value))
    return value === "" ? "0" : value;
  return handOver("a conversion of printf");
}

function padded(text: string, flag: string, width: number): string {
  if (width > 0) refuseMark(text);
  if (width > 1000 || (width > 0 && /[^\0-\x7f]/.test(text))) handOver("a width of printf");
  if (flag === "-") return text.padEnd(width);
  return flag === "0"
    ? text.startsWith("-")
      ? `-${text.slice(1).padStart(width - 1, "0")}`
      : text.padStart(width, "0")
    : text.padStart(width);
}

/** What `echo args…` prints. */
export function formatEcho(args: readonly string[]): string {
  let at = 0;
  let newline = true;
  let interpret = false;
  for (; /^-[neE]+$/.test(args[at] ?? ""); at++) {
    for (const letter of args[at]?.slice(1) ?? "") {
      if (letter === "n") newline = false;
      else interpret = letter === "e";
    }
  }
  const text = args.slice(at).join(" ");
  const shown = interpret
    ? text.replace(/\\(.?)/gs, (_, letter: string) => escapes[letter === '"' ? "" : letter] ?? handOver("an escape of echo"))
    : text;
  return newline ? `${shown}\n` : shown;
}
