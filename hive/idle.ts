// Notices when nobody needs the hive any more: no request, no job, no worker for a while.
import type { Clients } from "./server.ts";

/** How long nobody must have been here. */
const IDLE_MS = 2_000;
const LOOK_MS = 200;

interface IdleWatch extends Clients {
  stop(): void;
}

/** Counts who is here; calls `onIdle` once nobody was for two seconds. Without `onIdle` it only counts. */
export function idleWatch({ isBusy, onIdle }: { isBusy: () => boolean; onIdle: (() => void) | undefined }): IdleWatch {
  let present = 0;
  let busyAt = performance.now();
  const timer = onIdle
    ? setInterval(() => {
        if (present > 0 || isBusy()) busyAt = performance.now();
        else if (performance.now() - busyAt > IDLE_MS) {
          clearInterval(timer);
          onIdle();
        }
      }, LOOK_MS)
    : undefined;
  return {
    enter: () => void present++,
    leave: () => {
      present--;
      busyAt = performance.now();
    },
    stop: () => clearInterval(timer),
  };
}
