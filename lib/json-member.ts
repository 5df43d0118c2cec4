// Finds one member of a JSON object in its bytes, without building the rest: a body of 100 MB stays bytes.
// Source: RFC 8259.

export interface MemberPlace {
  /** Where the value's bytes begin and end. */
  readonly from: number;
  readonly to: number;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COLON = 0x3a;
const OPEN = [0x7b, 0x5b];
const CLOSE = [0x7d, 0x5d];

/** The place of a text value with this name at the top level; undefined when there is none. Does not check the rest. */
export function findTextMember(json: Uint8Array, name: string): MemberPlace | undefined {
  const bytes = Buffer.from(json.buffer, json.byteOffset, json.byteLength);
  let depth = 0;
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at]!;
    if (OPEN.includes(byte)) depth++;
    else if (CLOSE.includes(byte)) depth--;
    else if (byte === QUOTE) {
      const end = endOfText(bytes, at);
      if (end < 0) return undefined;
      const value = depth === 1 && isNamed(bytes, at, end, name) ? skipSpace(bytes, end) : -1;
      if (value >= 0 && bytes[value] === COLON) {
        const from = skipSpace(bytes, value + 1);
        const to = bytes[from] === QUOTE ? endOfText(bytes, from) : -1;
        return to < 0 ? undefined : { from, to };
      }
      at = end - 1;
    }
  }
  return undefined;
}

function isNamed(bytes: Buffer, from: number, to: number, name: string): boolean {
  return to - from - 2 === name.length && bytes.toString("latin1", from + 1, to - 1) === name;
}

/** One past the closing quote; the native search jumps over images in one step. */
function endOfText(bytes: Buffer, from: number): number {
  for (let at = bytes.indexOf(QUOTE, from + 1); at >= 0; at = bytes.indexOf(QUOTE, at + 1)) {
    let backslashes = 0;
    while (bytes[at - 1 - backslashes] === BACKSLASH) backslashes++;
    if (backslashes % 2 === 0) return at + 1;
  }
  return -1;
}

function skipSpace(bytes: Buffer, from: number): number {
  let at = from;
  while (bytes[at] === 0x20 || (bytes[at]! >= 0x09 && bytes[at]! <= 0x0d)) at++;
  return at;
}
