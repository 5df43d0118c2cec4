// A model file on its way to a hive: piece after piece, continued where a connection broke.
import type { Model, Upload } from "../contract/views.ts";
import { LEAVING, RETRY_MS, RETRY_PAUSE_MS, type Transport } from "./transport.ts";

/** A browser's File. */
export type SentFile = Pick<File, "name" | "size" | "lastModified" | "slice">;

export interface UploadOptions {
  readonly onProgress?: (done: number, total: number) => void;
  readonly signal?: AbortSignal | undefined;
  /** A lost connection is tried again for this long. */
  readonly retryMs?: number;
}

/** Small enough that a broken connection costs little, large enough that a fast disk does not wait for requests. */
const PIECE_BYTES = 8 << 20;

/**
 * Sends a model file, or what an earlier try left to send of it, piece after piece, over broken connections too.
 * @throws what the hive says of the file; HIVE_UNREACHABLE; the signal's reason.
 */
export async function upload(
  hive: Transport,
  file: SentFile,
  { onProgress, signal, retryMs = RETRY_MS }: UploadOptions = {},
): Promise<Model> {
  const wish = { name: file.name, size_bytes: file.size, modified_at: file.lastModified };
  const { id, offset: begun } = await hive.json<Upload>("POST", "/v1/uploads", wish);
  let offset = begun;
  let lostAt: number | undefined;
  for (;;) {
    onProgress?.(offset, file.size);
    try {
      const answer = await sendPiece(hive, id, offset, file.slice(offset, offset + PIECE_BYTES), signal);
      if (answer.model) return answer.model;
      offset = answer.offset;
      lostAt = undefined;
    } catch (error) {
      signal?.throwIfAborted();
      const known = offsetOf(error);
      lostAt ??= Date.now();
      if (known === undefined && (!isPassing(error) || Date.now() - lostAt >= retryMs)) throw error;
      offset = known ?? offset;
      await new Promise((resolve) => setTimeout(resolve, RETRY_PAUSE_MS));
    }
  }
}

async function sendPiece(
  hive: Transport,
  id: string,
  offset: number,
  piece: Blob,
  signal: AbortSignal | undefined,
): Promise<Upload & { model?: Model }> {
  const headers = { "content-type": "application/offset+octet-stream", "upload-offset": String(offset) };
  const response = await hive.request("PATCH", `/v1/uploads/${id}`, { bytes: piece, headers, signal });
  return response.json() as Promise<Upload & { model?: Model }>;
}

/** Where an upload stands, when that is what the hive had to say. */
function offsetOf(error: unknown): number | undefined {
  const { code, data } = error as { code?: string; data?: { offset?: number } };
  return code === "UPLOAD_OFFSET" ? data?.offset : undefined;
}

function isPassing(error: unknown): boolean {
  return [...LEAVING, "UPLOAD_BUSY"].includes((error as { code?: string }).code ?? "");
}
