// Tells a person how a job goes: steps, log lines, progress and notes, as they come.
import type { StreamEvent } from "../lib/client.ts";
import { formatBytes, formatDuration } from "../lib/units.ts";
import type { Output } from "./output.ts";

export class Progress {
  readonly #output: Output;
  #step = "";
  #lastLine = "";

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
      case "state":
      case "result":
      case "error":
      case "end":
        return;
      default:
        event satisfies never;
    }
  }

  #tellStep({ index, total, name, status, ms }: Extract<StreamEvent, { event: "step" }>["data"]): void {
    const place = `[${String(index).padStart(String(total).length)}/${total}] ${name}`;
    this.#step = status === "running" ? place : "";
    this.#lastLine = "";
    if (status === "running" && this.#output.openSection(place)) return;
    if (status === "running") return this.#output.isLive ? this.#output.live(place) : undefined;
    this.#output.closeSection();
    const time = ms === undefined ? "" : ` (${formatDuration(ms)})`;
    this.#output.note(status === "done" ? `✓ ${place}${time}` : `${place}: ${status}${time}`);
  }

  /** On a terminal the last line stands behind the step and gives way to the next; elsewhere, or when asked, every line stays. */
  #tellLog(lines: readonly string[]): void {
    if (!this.#output.isLive || this.#output.verbose) {
      for (const line of lines) this.#output.log(line);
      return;
    }
    this.#lastLine = lines.findLast((line) => line.trim() !== "") ?? this.#lastLine;
    this.#output.live(`${this.#step}  ${this.#lastLine}`);
  }

  #tellProgress({ what, done, total, unit }: Extract<StreamEvent, { event: "progress" }>["data"]): void {
    const amount = (value: number) => (unit === "bytes" ? formatBytes(value) : `${value} ${unit}`);
    this.#output.live(`${this.#step}  ${what}: ${amount(done)}${total === null ? "" : ` of ${amount(total)}`}`);
  }
}
