// infer: one prompt, one answer, streamed. Starts a worker when none runs the model.
import type { Input, Output } from "../../lib/contract/operations.ts";
import { fail } from "../../lib/errors.ts";
import { decodeSse } from "../../lib/sse.ts";
import type { Hive } from "../hive.ts";
import type { JobContext } from "../job.ts";
import { askProcess, ensureReady } from "../routes/inference.ts";

export async function infer(hive: Hive, job: JobContext, input: Input<"infer">): Promise<Output<"infer">> {
  const process = await ensureReady(hive, input.model, { onNote: job.note, signal: job.signal });
  const leave = await hive.supervisor.enter(process.id, { client: `job ${job.id}`, isBatch: false, signal: job.signal });
  const from = performance.now();
  const record = process.model === undefined ? undefined : await hive.models.get(process.model);
  if (record) await hive.models.touch(record.id);
  const model = process.model ?? process.worker_id;
  const { path, ...question } = ask(input, record?.has_chat_template !== false);
  const body = {
    model: hive.supervisor.access(process.id).modelName ?? model,
    stream: true,
    stream_options: { include_usage: true },
    ...question,
  };
  try {
    const response = await askProcess(hive, process, path, {
      method: "POST",
      headers: new Headers({ "content-type": "application/json" }),
      body: JSON.stringify(body),
      signal: job.signal,
    });
    const refuse = (reason: string) => fail("WORKER_FAILED", { worker: process.worker_id, process: process.id, reason });
    if (!response.ok || !response.body) throw refuse(`${response.status} ${(await response.text()).slice(0, 500)}`);
    const counter = hive.supervisor.counterOf(process.id);
    let pieces = 0;
    const onText = (text: string) => {
      job.text(text);
      pieces++;
      counter.seen(1);
    };
    const answer = await readAnswer(response.body, onText, refuse).catch((error: unknown) => {
      counter.total(pieces);
      throw error;
    });
    counter.total(answer.tokens ?? pieces);
    return { ...answer, model, process: process.id, ms: Math.round(performance.now() - from) };
  } finally {
    leave();
  }
}

/** A model that only continues texts may never come to an end by itself. */
const CONTINUATION_TOKENS = 512;

/** A model without a template for a chat continues the text. */
function ask({ prompt, system, temperature, ...input }: Input<"infer">, isChat: boolean) {
  const max_tokens = input.max_tokens ?? (isChat ? undefined : CONTINUATION_TOKENS);
  const limits = { ...(max_tokens === undefined ? {} : { max_tokens }), ...(temperature === undefined ? {} : { temperature }) };
  const before = system === undefined ? [] : [{ role: "system", content: system }];
  if (isChat) return { path: "/v1/chat/completions", messages: [...before, { role: "user", content: prompt }], ...limits };
  return { path: "/v1/completions", prompt: system === undefined ? prompt : `${system}\n\n${prompt}`, ...limits };
}

interface Chunk {
  readonly choices?: readonly { readonly delta?: { readonly content?: string | null }; readonly text?: string }[];
  readonly usage?: { readonly completion_tokens?: number } | null;
  readonly error?: { readonly message?: string };
}

async function readAnswer(body: ReadableStream<Uint8Array>, onText: (text: string) => void, refuse: (reason: string) => Error) {
  let text = "";
  let tokens: number | null = null;
  for await (const { data } of decodeSse(body)) {
    if (data === "[DONE]") break;
    const chunk = parseChunk(data, refuse);
    if (chunk.error) throw refuse(chunk.error.message ?? "it answered with an error");
    const [choice] = chunk.choices ?? [];
    const piece = choice?.delta?.content ?? choice?.text;
    if (piece) {
      text += piece;
      onText(piece);
    }
    tokens = chunk.usage?.completion_tokens ?? tokens;
  }
  return { text, tokens };
}

/** Some workers put the words of an error where a chunk should be. */
function parseChunk(data: string, refuse: (reason: string) => Error): Chunk {
  try {
    return JSON.parse(data) as Chunk;
  } catch {
    throw refuse(data.slice(0, 500));
  }
}
