// Failures of a download, sorted by what helps against them.
import { PassingError } from "./request.ts";

/** What is written here is of another file than what the server has now. */
export class ChangedError extends Error {}

/** What breaks while bytes come is the connection, unless it is the disk or the server's mistake. */
export function asPassing(error: unknown): unknown {
  if (error instanceof ChangedError || error instanceof PassingError || isDiskError(error)) return error;
  return new PassingError(error instanceof Error ? error.message : String(error));
}

export function isDiskError(error: unknown): boolean {
  return ["ENOSPC", "EDQUOT", "EIO", "EROFS", "EFBIG"].includes((error as { code?: string } | null)?.code ?? "");
}
