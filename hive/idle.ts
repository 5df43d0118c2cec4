// Notices when nobody needs the hive any more: no request, no job, no worker for a while.
import type { Clients } from "./routes/call.ts";

/** How long nobody must have been here. */
const IDLE_MS = 2_000;
/** In so many looks. They are counted, not measured: a hive that was held up for seconds has not looked, and who knocked meanwhile is let in first. */
const LOOKS = 10;
/** Who hands in a job has this long to come for its events: on a busy machine a client may sleep between the two. */
const COMING_MS = 10_000;

interface IdleWatch extends Clients {
  stop(): void;
}

interface IdleOptions {
  readonly isBusy: () => boolean;
  readonly onIdle: (() => void) | undefined;
  readonly idleMs?: number;
  readonly comingMs?: number;
}

/** Counts who is here; calls `onIdle` once nobody was for two seconds. Without `onIdle` it only counts. */
export function idleWatch({ isBusy, onIdle, idleMs = IDLE_MS, comingMs = COMING_MS }: IdleOptions): IdleWatch {
  let present = 0;
  let quietLooks = 0;
  const coming = new Map<string, ReturnType<typeof setTimeout>>();
  const timer = onIdle
    ? setInterval(() => {
        if (present > 0 || coming.size > 0 || isBusy()) quietLooks = 0;
        else if (++quietLooks > LOOKS) {
          clearInterval(timer);
          onIdle();
        }
      }, idleMs / LOOKS)
    : undefined;
  const come = (jobId: string) => {
    clearTimeout(coming.get(jobId));
    coming.delete(jobId);
  };
  return {
    enter: () => void present++,
    leave: () => {
      present--;
      quietLooks = 0;
    },
    expect: (jobId) => {
      come(jobId);
      coming.set(jobId, setTimeout(come, comingMs, jobId).unref());
    },
    come,
    stop: () => {
      clearInterval(timer);
      for (const jobId of coming.keys()) come(jobId);
    },
  };
}
