// The last answers of catalogs, on disk: one file an address, and an empty one with another ending for "there is no such thing".
import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { writeFileAtomic } from "../atomic.ts";
import { fail } from "../errors.ts";
import { digestOf } from "../hash.ts";

/** Keeps what an address answered; undefined is kept as the answer that there is nothing. */
export function keepAnswer(directory: string, address: string, bytes: Uint8Array | undefined): void {
  const { there, absent } = filesOf(directory, address);
  writeFileAtomic(bytes === undefined ? absent : there, bytes ?? "");
  rmSync(bytes === undefined ? there : absent, { force: true });
}

/** @throws NOT_CACHED when the address was never asked. */
export function keptAnswer(directory: string, address: string): Uint8Array | undefined {
  const { there, absent } = filesOf(directory, address);
  if (existsSync(there)) return readFileSync(there);
  if (existsSync(absent)) return undefined;
  throw fail("NOT_CACHED", { what: address });
}

function filesOf(directory: string, address: string): { there: string; absent: string } {
  const file = join(directory, digestOf([address]).slice(0, 32));
  return { there: file, absent: `${file}.absent` };
}
