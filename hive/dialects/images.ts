// Text to image, as OpenAI's generations. A model is there when it has drawn one small picture in one step: stable-diffusion.cpp's server reads
// the weights at the first picture, long after its routes answer. Source: stable-diffusion.cpp, examples/server/api.md, sd_cpp_extra_args.
import { askForProof, type Dialect, refusalOf } from "./proof.ts";

const ONE_STEP = '<sd_cpp_extra_args>{"sample_params":{"sample_steps":1}}</sd_cpp_extra_args>';

export const images: Dialect = {
  api: "openai-images",
  paths: ["/v1/images/generations"],
  async prove(speaker, signal) {
    const body = { prompt: `a dot ${ONE_STEP}`, n: 1, size: "64x64" };
    const answer = await askForProof(speaker, { path: "/v1/images/generations", body }, signal);
    return typeof answer === "object" ? refusalOf("a small picture", answer) : answer;
  },
};
