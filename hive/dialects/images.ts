// Text to image, as OpenAI's generations. stable-diffusion.cpp's server listens only once its model is loaded: that is the proof. A question
// would be a picture, which takes the processor minutes. Source: stable-diffusion.cpp, examples/server/main.cpp.
import type { Dialect } from "./index.ts";

export const images: Dialect = { api: "openai-images", paths: ["/v1/images/generations"], prove: async () => "answers" };
