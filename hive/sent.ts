// Tells when an answer has gone out that Bun sends by itself: handing a body on untouched keeps every byte of it out of JavaScript.
import type { Server } from "bun";

/** How often the open requests are looked at, while there are any. A look costs a microsecond a request. */
const LOOK_MS = 5;

const open = new Map<Request, { readonly server: Server<undefined>; readonly onSent: () => void }>();
let timer: ReturnType<typeof setInterval> | undefined;

/** Calls `onSent` once, soon after the answer to `request` has ended: sent, broken off, or its client gone. */
export function whenSent(request: Request, server: Server<undefined>, onSent: () => void): void {
  open.set(request, { server, onSent });
  timer ??= setInterval(look, LOOK_MS);
}

/** A request that is over has no address any more (Bun, `Server.requestIP`). */
function look(): void {
  for (const [request, { server, onSent }] of open) {
    if (server.requestIP(request) !== null) continue;
    open.delete(request);
    onSent();
  }
  if (open.size > 0) return;
  clearInterval(timer);
  timer = undefined;
}
