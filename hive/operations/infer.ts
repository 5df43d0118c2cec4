// infer: one prompt, one answer, streamed. Starts a worker when none runs the model.
import type { Input, Output } from "../../lib/contract/operations.ts";
import type { WorkerProcess } from "../../lib/contract/views.ts";
import { fail } from "../../lib/errors.ts";
import { decodeSse } from "../../lib/sse.ts";
import type { Hive } from "../hive.ts";
import type { JobContext } from "../job.ts";
import { type Asked, askInTurn, askProcess } from "../routes/inference.ts";

export async function infer(hive: Hive, job: JobContext, input: Input<"infer">): Promise<Output<"infer">> {
  let from = 0;
  const asking = { client: `job ${job.id}`, isBatch: false, onNote: job.note, signal: job.signal };
  const asked = await askInTurn(hive, input.model, asking, (process) => {
    from = performance.now();
    return put(hive, process, input, job.signal);
  });
  const { process } = asked;
  try {
    void hive.models.touch(process.model ?? "").catch(() => {});
    const answer = await tell(hive, job, asked);
    return { ...answer, model: process.model ?? process.worker_id, process: process.id, ms: Math.round(performance.now() - from) };
  } finally {
    asked.leave();
  }
}

async function put(hive: Hive, process: WorkerProcess, input: Input<"infer">, signal: AbortSignal): Promise<Response> {
  const record = process.model === undefined ? undefined : await hive.models.get(process.model);
  const { path, ...question } = ask(input, record?.has_chat_template !== false);
  const model = hive.supervisor.access(process.id).modelName ?? process.model ?? process.worker_id;
  const body = { model, stream: true, stream_options: { include_usage: true }, ...question };
  return askProcess(hive, process, path, {
    method: "POST",
    headers: new Headers({ "content-type": "application/json" }),
    body: JSON.stringify(body),
    signal,
  });
}

/** Tells the answer piece by piece and counts it. @throws WORKER_FAILED when it is none. */
async function tell(hive: Hive, job: JobContext, { process, response }: Asked) {
  const refuse = (reason: string) => fail("WORKER_FAILED", { worker: process.worker_id, process: process.id, reason });
  if (!response.ok || !response.body) throw refuse(`${response.status} ${(await response.text()).slice(0, 500)}`);
  const counter = hive.supervisor.counterOf(process.id);
  let pieces = 0;
  let tokens: number | null = null;
  try {
    const answer = await readAnswer(
      response.body,
      (text) => {
        job.text(text);
        pieces++;
        counter.seen(1);
      },
      refuse,
    );
    ({ tokens } = answer);
    return answer;
  } finally {
    counter.total(tokens ?? pieces);
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
