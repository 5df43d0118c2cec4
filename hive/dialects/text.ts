// Text, as OpenAI's chat, completions and embeddings. A model is there when it has made one token (or one vector).
// Source: OpenAI's API reference; llama.cpp's server, vLLM, mistral.rs and mlx-lm refuse the routes that a model is not made for.
import type { Dialect, Proof, Speaker } from "./index.ts";

/** The first that is not refused is the proof. */
const QUESTIONS: readonly { readonly path: string; readonly body: object }[] = [
  { path: "/v1/completions", body: { prompt: "Hello", max_tokens: 1 } },
  { path: "/v1/chat/completions", body: { messages: [{ role: "user", content: "Hello" }], max_tokens: 1 } },
  { path: "/v1/embeddings", body: { input: "Hello" } },
];
/** The worker is there and says that it is not ready. */
const NOT_YET = [425, 429, 503];
/** The route is not there or not for this model: no word about the model itself. */
const NO_SUCH_ROUTE = [404, 405, 501];

export const text: Dialect = {
  api: "openai",
  paths: ["/v1/chat/completions", "/v1/completions", "/v1/embeddings"],
  async prove(speaker, signal) {
    const refusals: { status: number; said: string }[] = [];
    for (const question of QUESTIONS) {
      const answer = await ask(speaker, question, signal);
      if (answer === "answers" || answer === "not yet") return answer;
      refusals.push(answer);
    }
    const { status, said } = refusals.find(({ status }) => !NO_SUCH_ROUTE.includes(status)) ?? refusals[0]!;
    return { refusal: `its health route says yes, but asked for one token it answers ${status} ${said}`.trim() };
  },
};

async function ask(
  { url, token, model }: Speaker,
  { path, body }: (typeof QUESTIONS)[number],
  signal: AbortSignal,
): Promise<Exclude<Proof, { refusal: string }> | { status: number; said: string }> {
  try {
    const response = await fetch(`${url}${path}`, {
      method: "POST",
      headers: { "content-type": "application/json", authorization: `Bearer ${token}` },
      body: JSON.stringify({ model, ...body }),
      signal,
    });
    const said = (await response.text()).trim().slice(0, 300);
    if (response.ok) return "answers";
    return NOT_YET.includes(response.status) ? "not yet" : { status: response.status, said };
  } catch {
    signal.throwIfAborted();
    return "not yet";
  }
}
