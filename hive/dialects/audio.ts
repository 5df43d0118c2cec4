// Speech to text, as OpenAI's transcriptions. whisper.cpp's server says "loading model" with 503 on its health route until the model is there:
// that is the proof. A question would be half a minute of silence, which takes the processor as long as half a minute of speech.
// Source: whisper.cpp, examples/server/server.cpp.
import type { Dialect } from "./index.ts";

export const audio: Dialect = { api: "openai-audio", paths: ["/v1/audio/transcriptions"], prove: async () => "answers" };
