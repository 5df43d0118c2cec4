// One job as it is seen: its events from the start, folded into steps, progress, log and end.

import type { HiveClient, StreamEvent } from "../../lib/client.ts";
import type { JobView } from "../../lib/contract/events.ts";
import { isOperation, operations } from "../../lib/contract/operations.ts";
import { type ErrorData, type RbeeError, toRbeeError } from "../../lib/errors.ts";
import { Rate } from "../../lib/rate.ts";
import { LogStore } from "./log-store.ts";

export interface Step {
  readonly name: string;
  readonly status: "waiting" | "running" | "done" | "failed" | "skipped" | "cancelled";
  readonly ms?: number | undefined;
}

export interface Progress {
  readonly what: string;
  readonly done: number;
  readonly total: number | null;
  readonly unit: string;
  /** Units a second, and milliseconds until the end; undefined while nobody can tell. */
  readonly perSecond?: number | undefined;
  readonly leftMs?: number | undefined;
}

/** What comes faster than this was told before: it says nothing about the speed of now. */
const REPLAY_MS = 30;

export interface JobPicture {
  readonly operation: JobView["operation"] | undefined;
  readonly state: JobView["state"] | undefined;
  readonly startedAt: number | undefined;
  readonly endedAt: number | undefined;
  readonly steps: readonly Step[];
  /** How far the work that takes long is. */
  readonly progress: Progress | undefined;
  /** What rbee said since the job was asked to end. */
  readonly ending: readonly string[];
  readonly result: unknown;
  readonly error: ErrorData | undefined;
  /** True when no event will follow. */
  readonly isOver: boolean;
  /** The job cannot be followed: it is unknown, or the hive is away. */
  readonly problem: RbeeError | undefined;
}

const NOTHING: JobPicture = {
  operation: undefined,
  state: undefined,
  startedAt: undefined,
  endedAt: undefined,
  steps: [],
  progress: undefined,
  ending: [],
  result: undefined,
  error: undefined,
  isOver: false,
  problem: undefined,
};

export class JobFollow {
  readonly log = new LogStore();
  #picture = NOTHING;
  #rate = new Rate();
  #toldAt = Number.NEGATIVE_INFINITY;
  readonly #listeners = new Set<() => void>();

  constructor(readonly id: string) {}

  readonly picture = (): JobPicture => this.#picture;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** Reads to the job's end, over broken connections too. */
  async follow(client: HiveClient, signal: AbortSignal): Promise<void> {
    try {
      for await (const event of client.follow(this.id, { signal, retryMs: Number.POSITIVE_INFINITY })) this.#take(event);
    } catch (thrown) {
      if (!signal.aborted) this.#draw({ problem: toRbeeError(thrown) });
    }
  }

  #take({ event, data }: StreamEvent): void {
    switch (event) {
      case "log":
        return this.log.append(data.lines);
      case "note":
        this.log.append(withoutPictures(data.message).split("\n"), data.level === "warn" ? "warn" : "note");
        if (this.#picture.state === "cancelling") this.#draw({ ending: [...this.#picture.ending, data.message] });
        return;
      case "state":
        return this.#takeState(data);
      case "step":
        return this.#draw({
          steps: this.#picture.steps.map((step, at) => (at === data.index - 1 ? { ...step, status: data.status, ms: data.ms } : step)),
          progress: undefined,
        });
      case "progress":
        return this.#draw({ progress: { ...data, ...this.#speed(data) } });
      case "elevate":
        return this.log.append([`Waits for: sudo ${data.command.join(" ")}`], "note");
      case "text":
        return this.log.extend(data.text);
      case "result":
        return this.#draw({ result: data });
      case "error":
        return this.#draw({ error: data });
      case "end":
        return this.#draw({ isOver: true });
    }
  }

  #speed({ done, total }: Progress) {
    const now = performance.now();
    if (now - this.#toldAt < REPLAY_MS) this.#rate = new Rate();
    this.#toldAt = now;
    this.#rate.look(done, now);
    return { perSecond: this.#rate.perSecond, leftMs: total === null ? undefined : this.#rate.leftMs(total) };
  }

  #takeState(data: Extract<StreamEvent, { event: "state" }>["data"]): void {
    const name = data.operation?.operation;
    const isEnd = !["queued", "running", "cancelling"].includes(data.state);
    this.#draw({
      state: data.state,
      ...(data.operation && isOperation(name)
        ? {
            operation: { ...data.operation, operation: name },
            steps: operations[name].steps.map((step) => ({ name: step, status: "waiting" as const })),
          }
        : {}),
      ...(data.state === "running" ? { startedAt: data.at } : {}),
      ...(isEnd ? { endedAt: data.at } : {}),
    });
  }

  #draw(change: Partial<JobPicture>): void {
    this.#picture = { ...this.#picture, ...change };
    for (const listener of this.#listeners) listener();
  }
}

/** Fonts without pictures show a box: the words say it all. */
function withoutPictures(message: string): string {
  return message.replace(/^\p{Emoji_Presentation} /u, "");
}
