// The terminal: what goes to stdout and what to stderr, in colour or plainly.
import type { RbeeError } from "../lib/errors.ts";
import { oneLine, shorten } from "../lib/table.ts";
import { type CiHost, ciHostFrom } from "./ci-host.ts";

export interface OutputFlags {
  readonly json?: boolean | undefined;
  readonly quiet?: boolean | undefined;
  readonly verbose?: boolean | undefined;
  readonly plain?: boolean | undefined;
}

const SYMBOLS: Readonly<Record<string, string>> = { "🔍 ": "", "✓ ": "", "✅ ": "", "❌ ": "" };

/** stdout is what another program would want; everything else goes to stderr. */
export class Output {
  readonly json: boolean;
  readonly quiet: boolean;
  readonly verbose: boolean;
  readonly plain: boolean;
  /** stderr is a terminal that understands cursor movements, and nobody asked for plain text. */
  readonly isLive: boolean;
  readonly #hasColour: boolean;
  readonly hasSymbols: boolean;
  readonly #ci: CiHost | undefined;
  #hasLiveLine = false;
  #section: { readonly title: string; isOpen: boolean } | undefined;

  constructor(flags: OutputFlags, env: NodeJS.ProcessEnv = process.env) {
    const isTerminal = Boolean(process.stderr.isTTY) && env.TERM !== "dumb";
    this.json = flags.json ?? false;
    this.quiet = flags.quiet ?? false;
    this.verbose = flags.verbose ?? false;
    this.plain = flags.plain ?? false;
    this.isLive = isTerminal && !flags.plain && !env.CI && !this.quiet && !this.json;
    this.#hasColour = !flags.plain && (env.FORCE_COLOR ? env.FORCE_COLOR !== "0" : isTerminal && !env.NO_COLOR);
    this.hasSymbols = isTerminal && !flags.plain;
    this.#ci = this.json || flags.plain ? undefined : ciHostFrom(env);
  }

  /** The terminal's width for tables on stdout; undefined when there is none, so that nothing is shortened. */
  get tableWidth(): number | undefined {
    return process.stdout.isTTY ? (process.stdout.columns ?? 80) : undefined;
  }

  /** A result: stdout. */
  result(text: string): void {
    this.endLive();
    if (text !== "") process.stdout.write(text.endsWith("\n") ? text : `${text}\n`);
  }

  /** A piece of a result that streams. */
  piece(text: string): void {
    this.endLive();
    process.stdout.write(text);
  }

  data(value: unknown): void {
    process.stdout.write(`${JSON.stringify(value)}\n`);
  }

  /** What a person should know: stderr, unless quiet. */
  note(text: string): void {
    if (!this.quiet) this.#line(this.#symbols(text));
  }

  /** A log line of somebody else's program: control characters are shown as spaces, so that it cannot move the cursor. */
  log(text: string): void {
    if (!this.quiet) this.#line(this.dim(`    ${oneLine(text)}`));
  }

  warn(text: string): void {
    if (!this.quiet) this.#marked("warning", text);
  }

  /** The three lines of an error; they are shown even when quiet. */
  error(error: RbeeError): void {
    this.closeSection();
    this.#marked("error", error.message, error.code);
    for (const line of tailOf(error)) this.#line(this.dim(`    ${oneLine(line)}`));
    if (error.hint) this.#line(`${this.#paint("36", "hint:")} ${harmless(error.hint)}`);
    this.#line(`code: ${error.code}`);
  }

  /** One line, made for the width that there is now, that is written over by the next; only where {@link isLive}. */
  live(render: (width: number) => string): void {
    if (!this.isLive) return;
    const width = (process.stderr.columns ?? 80) - 1;
    process.stderr.write(`\r\x1b[2K${shorten(oneLine(render(width)), width)}`);
    this.#hasLiveLine = true;
  }

  endLive(): void {
    if (this.#hasLiveLine) process.stderr.write("\r\x1b[2K");
    this.#hasLiveLine = false;
  }

  /** From here to {@link closeSection} a CI host shows the lines, when there are any, as one that unfolds. False where there is no such host. */
  openSection(title: string): boolean {
    if (!this.#ci || this.quiet) return false;
    this.closeSection();
    this.#section = { title, isOpen: false };
    return true;
  }

  closeSection(): void {
    if (this.#section?.isOpen) process.stderr.write(`${this.#ci!.close()}\n`);
    this.#section = undefined;
  }

  dim(text: string): string {
    return this.#paint("2", text);
  }

  bold(text: string): string {
    return this.#paint("1", text);
  }

  #marked(level: "warning" | "error", written: string, title?: string): void {
    const text = harmless(written);
    const mark = this.#ci?.mark?.(level, text, title);
    if (mark === undefined) return this.#line(`${this.#paint(level === "error" ? "31" : "33", `${level}:`)} ${text}`);
    this.endLive();
    process.stderr.write(`${mark}\n`);
  }

  #line(text: string): void {
    this.endLive();
    if (this.#section && !this.#section.isOpen) {
      this.#section.isOpen = true;
      process.stderr.write(`${this.#ci!.open(this.#section.title)}\n`);
    }
    process.stderr.write(`${this.#ci?.shield?.(text) ?? text}\n`);
  }

  #paint(code: string, text: string): string {
    return this.#hasColour ? `\x1b[${code}m${text}\x1b[0m` : text;
  }

  #symbols(text: string): string {
    if (this.hasSymbols) return text;
    return Object.entries(SYMBOLS).reduce((plain, [symbol, word]) => plain.replaceAll(symbol, word), text);
  }
}

/** Nobody reads more of a message. Characters. */
const MESSAGE_LENGTH = 2_000;

/** Words that others may have chosen (a file's name, a word that was typed): control characters are written out, a flood is cut. */
function harmless(text: string): string {
  const cut = text.length > MESSAGE_LENGTH ? `${text.slice(0, MESSAGE_LENGTH)}…` : text;
  return cut.replace(/[\0-\x08\x0b-\x1f\x7f-\x9f]/g, (control) => `\\x${control.charCodeAt(0).toString(16).padStart(2, "0")}`);
}

/** A failed build repeats the end of its log under the error. */
function tailOf(error: RbeeError): string[] {
  const tail = (error.data as { tail?: unknown } | undefined)?.tail;
  return Array.isArray(tail) ? tail.map(String) : [];
}
