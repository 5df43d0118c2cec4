// Streams that can be read with `for await`, also in browsers that do not have it yet. Source: WHATWG Streams, 4.2.4.

export function makeStreamsIterable(): void {
  const streams = ReadableStream.prototype as { [Symbol.asyncIterator]?: unknown };
  streams[Symbol.asyncIterator] ??= async function* (this: ReadableStream) {
    const reader = this.getReader();
    try {
      for (;;) {
        const { done, value } = await reader.read();
        if (done) return;
        yield value;
      }
    } finally {
      await reader.cancel();
    }
  };
}
