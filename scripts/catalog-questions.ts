// A question for each kind of worker, asked through the hive as anybody would, and what counts as an answer.
import type { Home } from "../tests/harness.ts";

/** The answer in short. @throws when there is none. */
export async function ask(home: Home, api: string): Promise<string> {
  const questions: Readonly<Record<string, (home: Home) => Promise<string>>> = {
    openai: askForText,
    "openai-audio": askForWords,
    "openai-images": askForPicture,
  };
  const question = questions[api];
  if (!question) throw new Error(`nobody here knows how to ask a worker of the kind ${api}`);
  return question(home);
}

async function askForText(home: Home): Promise<string> {
  const { code, stdout, stderr } = await home.rbee(["infer", "--max-tokens", "20", "Once upon a time"]);
  if (code !== 0 || stdout.trim() === "") throw new Error(stderr.trim() || "an empty answer");
  return stdout;
}

/** A second of a tone has no words, and a model may say so. */
async function askForWords(home: Home): Promise<string> {
  const form = new FormData();
  form.set("file", new File([tone()], "tone.wav", { type: "audio/wav" }));
  form.set("model", "whisper-1");
  const { text } = (await post(home, "/v1/audio/transcriptions", form)) as { text?: unknown };
  if (typeof text !== "string") throw new Error("the answer has no text");
  return JSON.stringify(text);
}

async function askForPicture(home: Home): Promise<string> {
  const body = JSON.stringify({ prompt: "a bee", n: 1, size: "64x64", steps: 1, response_format: "b64_json" });
  const { data } = (await post(home, "/v1/images/generations", body)) as { data?: { b64_json?: string }[] };
  const picture = Buffer.from(data?.[0]?.b64_json ?? "", "base64");
  if (!picture.subarray(1, 4).equals(Buffer.from("PNG"))) throw new Error("the answer has no picture");
  return `a picture of ${picture.length} bytes`;
}

async function post(home: Home, path: string, body: FormData | string): Promise<unknown> {
  const { url } = JSON.parse((await home.rbee(["hive", "status", "--json"])).stdout) as { url: string };
  const token = (await home.rbee(["hive", "token"])).stdout.trim();
  const type: Record<string, string> = typeof body === "string" ? { "content-type": "application/json" } : {};
  const response = await fetch(`${url}${path}`, { method: "POST", body, headers: { ...type, authorization: `Bearer ${token}` } });
  if (!response.ok) throw new Error(`${response.status} ${(await response.text()).slice(0, 500)}`);
  return response.json();
}

/** One second of 440 Hz, 16 kHz, 16 bits, one channel. Source: the WAVE file format (RIFF). */
function tone(): Uint8Array<ArrayBuffer> {
  const rate = 16_000;
  const wav = new DataView(new ArrayBuffer(44 + rate * 2));
  const text = (at: number, word: string) => new Uint8Array(wav.buffer).set(new TextEncoder().encode(word), at);
  text(0, "RIFF");
  wav.setUint32(4, 36 + rate * 2, true);
  text(8, "WAVEfmt ");
  wav.setUint32(16, 16, true);
  wav.setUint16(20, 1, true);
  wav.setUint16(22, 1, true);
  wav.setUint32(24, rate, true);
  wav.setUint32(28, rate * 2, true);
  wav.setUint16(32, 2, true);
  wav.setUint16(34, 16, true);
  text(36, "data");
  wav.setUint32(40, rate * 2, true);
  for (let at = 0; at < rate; at++) wav.setInt16(44 + at * 2, Math.round(8_000 * Math.sin((2 * Math.PI * 440 * at) / rate)), true);
  return new Uint8Array(wav.buffer);
}
