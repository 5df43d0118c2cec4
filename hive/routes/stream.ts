// A job's journal as a stream of server-sent events: from the start or after an event, for as many readers as come.
import { KEEP_ALIVE } from "../../lib/sse.ts";
import type { Journal } from "../job/journal.ts";

/** Bytes that one reader is given at once. */
const CHUNK_BYTES = 65_536;
/** A comment is sent when nothing was for this long. */
const KEEP_ALIVE_MS = 10_000;

interface StreamOptions {
  /** Called once, when the reader has everything or is gone. */
  readonly onClose: (hasAll: boolean) => void;
  /** False ends the stream with what there is instead of waiting for more. */
  readonly follow?: boolean;
}

/** Pulled by the reader: what it does not take is not read, so a slow one slows nobody. */
export function streamJournal(journal: Journal, afterId: number, { onClose, follow = true }: StreamOptions): Response {
  let lastId = afterId;
  let isOpen = true;
  const close = (hasAll: boolean) => {
    if (isOpen) onClose(hasAll);
    isOpen = false;
  };
  const stream = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { bytes, lastId: newLast } = journal.read(lastId, CHUNK_BYTES);
      if (bytes.length > 0) {
        lastId = newLast;
        controller.enqueue(bytes);
      } else if (journal.isComplete || !follow) {
        close(journal.isComplete);
        controller.close();
      } else if (!(await happensWithin(journal.changed(lastId), KEEP_ALIVE_MS))) {
        if (isOpen) controller.enqueue(new TextEncoder().encode(KEEP_ALIVE));
      } else if (isOpen) {
        await this.pull!(controller);
      }
    },
    cancel: () => close(false),
  });
  return new Response(stream, { headers: { "content-type": "text/event-stream", "cache-control": "no-cache", "x-accel-buffering": "no" } });
}

async function happensWithin(event: Promise<void>, limitMs: number): Promise<boolean> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const tooLate = new Promise<false>((resolve) => {
    timer = setTimeout(() => resolve(false), limitMs);
  });
  const happened = await Promise.race([event.then(() => true), tooLate]);
  clearTimeout(timer);
  return happened;
}
