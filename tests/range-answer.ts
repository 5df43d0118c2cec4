// How a server answers a request for a part of a file: for the servers that tests and benchmarks stand up. Source: RFC 9110, 14.

export interface AnswerPart {
  readonly status: 200 | 206 | 416;
  /** The bytes to send, from the first up to, not including, the last. */
  readonly from: number;
  readonly to: number;
  readonly headers: Readonly<Record<string, string>>;
}

/** What of `size` bytes known as `etag` is asked for; everything when the tag of `If-Range` is another one. */
export function partAsked({ headers }: Request, size: number, etag: string): AnswerPart {
  const [, first, last] = /^bytes=(\d+)-(\d*)$/.exec(headers.get("range") ?? "") ?? [];
  const common = { etag, "accept-ranges": "bytes" };
  const isWhole = first === undefined || (headers.get("if-range") ?? etag) !== etag;
  if (isWhole) return { status: 200, from: 0, to: size, headers: common };
  const from = Number(first);
  if (from >= size) return { status: 416, from: 0, to: 0, headers: { "content-range": `bytes */${size}` } };
  const to = last ? Math.min(Number(last) + 1, size) : size;
  return { status: 206, from, to, headers: { ...common, "content-range": `bytes ${from}-${to - 1}/${size}` } };
}
