// What the headers of an answer say about the bytes that follow.

/** A weak tag does not promise the same bytes: RFC 9110, 8.8.1. */
export function strongTag(headers: Headers): string {
  const tag = headers.get("etag") ?? "";
  return tag.startsWith("W/") ? "" : tag;
}

function isEncoded(headers: Headers): boolean {
  return !["", "identity"].includes(headers.get("content-encoding") ?? "");
}

/** The size of a whole body, where it can be told before it has come. */
export function bodySize(headers: Headers): number | null {
  const length = isEncoded(headers) ? null : headers.get("content-length");
  return length === null ? null : Number(length);
}

/** Which part of how large a file follows (RFC 9110, 14.4); undefined when it does not say. */
export function contentRange(headers: Headers): { readonly from: number; readonly to: number; readonly total: number } | undefined {
  const [, from, to, total] = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(headers.get("content-range") ?? "") ?? [];
  return total === undefined ? undefined : { from: Number(from), to: Number(to) + 1, total: Number(total) };
}
