// Takes the bytes of one answer, piece by piece, and gives each piece's memory back at once.
import { ChangedError } from "./failures.ts";
import type { Claim } from "./part.ts";

/** Hands on what comes until the claim has reached `end` or nothing more comes. @throws ChangedError when there is more; what the connection throws. */
export async function receive(
  body: ReadableStream<Uint8Array> | null,
  claim: Claim,
  end: number,
  take: (bytes: Uint8Array) => void,
): Promise<void> {
  const reader = (body ?? new Blob([]).stream()).getReader();
  try {
    while (claim.at < end) {
      const { done, value } = await reader.read();
      if (done) break;
      if (claim.at + value.length > end) throw new ChangedError(`the server sent more than the ${end - claim.from} bytes announced`);
      take(value);
      giveBack(value);
    }
  } finally {
    void reader.cancel().catch(() => {});
  }
}

/** Pieces are half a megabyte: left to the garbage collector, those of eight connections take 30 MB before it looks. */
function giveBack({ buffer }: Uint8Array): void {
  if (buffer instanceof ArrayBuffer) buffer.transfer(0);
}
