// An answer of a model, piece by piece, over the OpenAI route.
import { fail } from "../errors.ts";
import { decodeSse } from "../sse.ts";
import type { Transport } from "./transport.ts";

export interface ChatMessage {
  readonly role: "system" | "user" | "assistant";
  readonly content: string;
}

export interface ChatBody {
  readonly model: string;
  readonly messages: readonly ChatMessage[];
  readonly max_tokens?: number;
}

export interface ChatPiece {
  readonly text: string;
  /** How many the answer has, when the worker counts them. */
  readonly tokens: number | undefined;
}

interface ChatChunk {
  readonly choices?: readonly { readonly delta?: { readonly content?: string | null } }[];
  readonly usage?: { readonly completion_tokens?: number } | null;
  readonly error?: { readonly message?: string };
}

/** One answer of a model as it is made, over the OpenAI route. Aborting `signal` ends the work at the worker. @throws what the hive or the worker says. */
export async function* chat(hive: Transport, body: ChatBody, { signal }: { signal?: AbortSignal } = {}): AsyncGenerator<ChatPiece> {
  const asked = { ...body, stream: true, stream_options: { include_usage: true } };
  const response = await hive.request("POST", "/v1/chat/completions", { body: asked, signal });
  for await (const { data } of decodeSse(response.body!)) {
    if (data === "[DONE]") return;
    const chunk = JSON.parse(data) as ChatChunk;
    if (chunk.error) throw fail("WORKER_FAILED", { worker: body.model, process: "", reason: chunk.error.message ?? "it says no more" });
    yield { text: chunk.choices?.[0]?.delta?.content ?? "", tokens: chunk.usage?.completion_tokens };
  }
}
