// Text, as OpenAI's chat, completions and embeddings. A model is there when it has made one token (or one vector).
// Source: OpenAI's API reference; llama.cpp's server, vLLM, mistral.rs and mlx-lm refuse the routes that a model is not made for.
import { askForProof, type Dialect, type NoAnswer, type Question, refusalOf } from "./proof.ts";

/** The first that is not refused is the proof. */
const QUESTIONS: readonly Question[] = [
  { path: "/v1/completions", body: { prompt: "Hello", max_tokens: 1 } },
  { path: "/v1/chat/completions", body: { messages: [{ role: "user", content: "Hello" }], max_tokens: 1 } },
  { path: "/v1/embeddings", body: { input: "Hello" } },
];
/** The route is not there or not for this model: no word about the model itself. */
const NO_SUCH_ROUTE = [404, 405, 501];

export const text: Dialect = {
  api: "openai",
  paths: ["/v1/chat/completions", "/v1/completions", "/v1/embeddings"],
  async prove(speaker, signal) {
    const refusals: NoAnswer[] = [];
    for (const question of QUESTIONS) {
      const answer = await askForProof(speaker, question, signal);
      if (typeof answer !== "object") return answer;
      refusals.push(answer);
    }
    return refusalOf("one token", refusals.find(({ status }) => !NO_SUCH_ROUTE.includes(status)) ?? refusals[0]!);
  },
};
