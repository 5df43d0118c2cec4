// Ctrl+C, SIGTERM, a closed terminal and the end of one's patience, for a command that waits for a job.
import type { HiveClient } from "../lib/client.ts";
import { toRbeeError } from "../lib/errors.ts";
import { formatDuration } from "../lib/units.ts";
import type { Output } from "./output.ts";

interface Watching {
  readonly client: HiveClient;
  readonly output: Output;
  readonly jobId: string;
  /** Somebody else's job: it is left, not cancelled. */
  readonly joined: boolean;
  /** How long who joined waits: the job has the limit of whoever began it. Milliseconds; 0 = without end. */
  readonly limitMs: number;
  /** Those that came before the job was known. */
  readonly held: HeldSignals | undefined;
  /** Stops following the job. */
  readonly onLeave: () => void;
}

interface SignalWatch {
  /** What the command exits with because of a signal or its limit; undefined when none came. */
  readonly exitCode: number | undefined;
  /** The job moved forward, and its limit counts stillness: the wait begins again. */
  moved(): void;
  stop(): void;
}

export interface HeldSignals extends Disposable {
  readonly first: Signal | undefined;
}

type Signal = (typeof SIGNALS)[number];
const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
const EXIT_CODES = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129, limit: 124 } as const;

/** Holds signals until it is known which job they mean: a command that died of one while it asks for a job would leave that job behind. */
export function holdSignals(output: Output): HeldSignals {
  let first: Signal | undefined;
  const off = onSignals((signal) => {
    if (first !== undefined) {
      output.note("Left at once; a job may have begun (rbee job list)");
      process.exit(EXIT_CODES[first]);
    }
    first = signal;
  });
  return {
    get first() {
      return first;
    },
    [Symbol.dispose]: off,
  };
}

function onSignals(act: (signal: Signal) => void): () => void {
  const offs = SIGNALS.map((signal) => {
    const handler = () => act(signal);
    process.on(signal, handler);
    return () => process.off(signal, handler);
  });
  return () => {
    for (const off of offs) off();
  };
}

/** The first signal cancels and waits for the hive's word; a second one leaves at once. */
export function watchSignals({ client, output, jobId, joined, limitMs, held, onLeave }: Watching): SignalWatch {
  let exitCode: number | undefined;
  const leave = (message: string) => {
    output.note(message);
    onLeave();
  };
  const goesOn = `job ${jobId} goes on (rbee job cancel ${jobId} ends it for all)`;
  const giveUp = () => {
    exitCode ??= EXIT_CODES.limit;
    leave(`Left after ${formatDuration(limitMs)}; ${goesOn}`);
  };
  const limit = joined && limitMs > 0 ? setTimeout(giveUp, limitMs) : undefined;
  const onSignal = (signal: Signal) => {
    const isFirst = exitCode === undefined;
    exitCode ??= EXIT_CODES[signal];
    if (joined) return leave(`Left; ${goesOn}`);
    if (!isFirst) return leave(`Left at once; job ${jobId} may still be ending (rbee job get ${jobId})`);
    client.cancel(jobId).catch((error: unknown) => {
      const { code, message } = toRbeeError(error);
      if (code !== "JOB_ENDED") leave(`Could not cancel job ${jobId}: ${message}`);
    });
  };
  const off = onSignals(onSignal);
  held?.[Symbol.dispose]();
  if (held?.first) onSignal(held.first);
  return {
    get exitCode() {
      return exitCode;
    },
    moved: () => void limit?.refresh(),
    stop: () => {
      clearTimeout(limit);
      off();
    },
  };
}
