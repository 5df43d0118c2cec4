// Server-sent events, both directions. Source: WHATWG HTML, "Server-sent events", 9.2.5 and 9.2.6.

export interface SseMessage {
  readonly id?: string | undefined;
  /** Absent for the unnamed event. */
  readonly event?: string | undefined;
  readonly data: string;
}

/** One event as it goes over the wire. `data` may hold newlines. */
export function encodeSse({ id, event, data }: SseMessage): string {
  const head = `${id === undefined ? "" : `id: ${id}\n`}${event === undefined ? "" : `event: ${event}\n`}`;
  return `${head}data: ${data.includes("\n") ? data.replaceAll("\n", "\ndata: ") : data}\n\n`;
}

/** A line that readers skip; it keeps the connection from looking dead. */
export const KEEP_ALIVE = ": keep-alive\n\n";

/** Reads events from a stream of bytes, in chunks cut anywhere. An event that the stream's end cuts off is dropped, as the standard says. */
export async function* decodeSse(stream: AsyncIterable<Uint8Array>): AsyncGenerator<SseMessage> {
  const decoder = new TextDecoder();
  /** The event that has begun, in pieces: a large one is put together once, not at every chunk. */
  let pieces: string[] = [];
  let held = "";
  for await (const bytes of stream) {
    const read = held + decoder.decode(bytes, { stream: true });
    held = read.endsWith("\r") ? "\r" : "";
    const text = (held ? read.slice(0, -1) : read).replaceAll("\r\n", "\n");
    const mayEnd = text.includes("\n\n") || (text.startsWith("\n") && pieces.at(-1)?.endsWith("\n"));
    if (text) pieces.push(text);
    if (!mayEnd) continue;
    const blocks = pieces.join("").split("\n\n");
    pieces = [blocks.pop() ?? ""];
    for (const block of blocks) {
      const message = parseBlock(block);
      if (message) yield message;
    }
  }
}

function parseBlock(block: string): SseMessage | undefined {
  let id: string | undefined;
  let event: string | undefined;
  let data: string | undefined;
  for (const line of block.split("\n")) {
    const colon = line.indexOf(":");
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + (line[colon + 1] === " " ? 2 : 1));
    if (field === "data") data = data === undefined ? value : `${data}\n${value}`;
    else if (field === "event") event = value;
    else if (field === "id") id = value;
  }
  return data === undefined ? undefined : { id, event, data };
}
