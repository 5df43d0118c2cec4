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

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
const EXIT_CODES = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129, limit: 124 } as const;

/** The first signal cancels and waits for the hive's word; a second one leaves at once. */
export function watchSignals({ client, output, jobId, joined, limitMs, onLeave }: Watching): SignalWatch {
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
  const onSignal = (signal: (typeof SIGNALS)[number]) => {
    const isFirst = exitCode === undefined;
    exitCode ??= EXIT_CODES[signal];
    if (joined) return leave(`Left; ${goesOn}`);
    if (!isFirst) return leave(`Left at once; job ${jobId} may still be ending (rbee job get ${jobId})`);
    client.cancel(jobId).catch((error: unknown) => {
      const { code, message } = toRbeeError(error);
      if (code !== "JOB_ENDED") leave(`Could not cancel job ${jobId}: ${message}`);
    });
  };
  const handlers = SIGNALS.map((signal) => {
    const handler = () => onSignal(signal);
    process.on(signal, handler);
    return () => process.off(signal, handler);
  });
  return {
    get exitCode() {
      return exitCode;
    },
    moved: () => void limit?.refresh(),
    stop: () => {
      clearTimeout(limit);
      for (const off of handlers) off();
    },
  };
}
