// Ctrl+C, SIGTERM and a closed terminal, for a command that waits for a job.
import type { HiveClient } from "../lib/client.ts";
import { toRbeeError } from "../lib/errors.ts";
import type { Output } from "./output.ts";

interface Watching {
  readonly client: HiveClient;
  readonly output: Output;
  readonly jobId: string;
  /** Somebody else's job: it is left, not cancelled. */
  readonly joined: boolean;
  /** Stops following the job. */
  readonly onLeave: () => void;
}

interface SignalWatch {
  /** What the command exits with because of a signal; undefined when none came. */
  readonly exitCode: number | undefined;
  stop(): void;
}

const EXIT_CODES = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;

/** The first signal cancels and waits for the hive's word; a second one leaves at once. */
export function watchSignals({ client, output, jobId, joined, onLeave }: Watching): SignalWatch {
  let exitCode: number | undefined;
  const leave = (message: string) => {
    output.note(message);
    onLeave();
  };
  const onSignal = (signal: keyof typeof EXIT_CODES) => {
    const isFirst = exitCode === undefined;
    exitCode ??= EXIT_CODES[signal];
    if (joined) return leave(`Left; job ${jobId} goes on (rbee job cancel ${jobId} ends it for all)`);
    if (!isFirst) return leave(`Left at once; job ${jobId} may still be ending (rbee job get ${jobId})`);
    client.cancel(jobId).catch((error: unknown) => {
      const { code, message } = toRbeeError(error);
      if (code !== "JOB_ENDED") leave(`Could not cancel job ${jobId}: ${message}`);
    });
  };
  const handlers = Object.keys(EXIT_CODES).map((name) => {
    const signal = name as keyof typeof EXIT_CODES;
    const handler = () => onSignal(signal);
    process.on(signal, handler);
    return () => process.off(signal, handler);
  });
  return {
    get exitCode() {
      return exitCode;
    },
    stop: () => {
      for (const off of handlers) off();
    },
  };
}
