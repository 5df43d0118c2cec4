// Tells a person how a job goes: steps with their time, log lines, progress and notes, as they come.
import type { StreamEvent } from "../lib/client.ts";
import { Rate } from "../lib/rate.ts";
import { formatBytes, formatDuration } from "../lib/units.ts";
import { renderBar } from "./bar.ts";
import type { Output } from "./output.ts";

type StepData = Extract<StreamEvent, { event: "step" }>["data"];
type ProgressData = Extract<StreamEvent, { event: "progress" }>["data"];

/** A live line's clock is seen to go on, also while nothing is told. */
const TICK_MS = 500;
/** A step that takes less shows no clock. */
const CLOCK_FROM_MS = 2_000;

export class Progress implements Disposable {
  readonly #output: Output;
  #step: { readonly place: string; readonly startedAt: number } | undefined;
  /** What stands behind the step on the live line. */
  #tail: (width: number) => string = () => "";
  #rates = new Map<string, Rate>();
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor(output: Output) {
    this.#output = output;
  }

  tell(event: StreamEvent): void {
    switch (event.event) {
      case "step":
        return this.#tellStep(event.data);
      case "log":
        return this.#tellLog(event.data.lines);
      case "note":
        return event.data.level === "warn" ? this.#output.warn(event.data.message) : this.#output.note(event.data.message);
      case "progress":
        return this.#tellProgress(event.data);
      case "text":
        return this.#output.piece(event.data.text);
      case "elevate":
        return this.#pause();
      case "state":
      case "result":
      case "error":
      case "end":
        return;
      default:
        event satisfies never;
    }
  }

  /** Nothing is drawn any more. */
  [Symbol.dispose](): void {
    this.#pause();
  }

  #tellStep({ index, total, name, status, ms }: StepData): void {
    const place = `[${String(index).padStart(String(total).length)}/${total}] ${name}`;
    clearInterval(this.#timer);
    this.#tail = () => "";
    if (status === "running") return this.#begin(place);
    this.#step = undefined;
    this.#output.closeSection();
    const time = ms === undefined ? "" : ` (${formatDuration(ms)})`;
    this.#output.note(status === "done" ? `✓ ${place}${time}` : `${place}: ${status}${time}`);
  }

  /** The terminal is somebody else's for a while. */
  #pause(): void {
    clearInterval(this.#timer);
    this.#output.endLive();
  }

  #begin(place: string): void {
    if (this.#output.openSection(place) || !this.#output.isLive) return;
    this.#step = { place, startedAt: performance.now() };
    this.#timer = setInterval(() => this.#draw(), TICK_MS);
    this.#draw();
  }

  /** On a terminal the last line stands behind the step and gives way to the next; elsewhere, or when asked, every line stays. */
  #tellLog(lines: readonly string[]): void {
    if (!this.#output.isLive || this.#output.verbose) {
      for (const line of lines) this.#output.log(line);
      return;
    }
    const last = lines.findLast((line) => line.trim() !== "");
    if (last !== undefined) this.#tail = () => last;
    this.#draw();
  }

  #tellProgress({ what, done, total, unit }: ProgressData): void {
    if (!this.#output.isLive) return;
    const amount = (value: number) => (unit === "bytes" ? formatBytes(value) : `${Math.round(value)} ${unit}`);
    const rate = this.#rates.get(what) ?? new Rate();
    this.#rates.set(what, rate);
    rate.look(done, performance.now());
    this.#tail = (width) => renderBar({ what, done, total, amount, rate }, width);
    this.#draw();
  }

  #draw(): void {
    const head = this.#step ? `${this.#step.place}${this.#clock(this.#step.startedAt)}  ` : "";
    this.#output.live((width) => head + this.#tail(width - head.length));
  }

  #clock(startedAt: number): string {
    const ms = performance.now() - startedAt;
    return ms < CLOCK_FROM_MS ? "" : ` ${formatDuration(Math.floor(ms / 1_000) * 1_000).replace(".0 s", " s")}`;
  }
}
