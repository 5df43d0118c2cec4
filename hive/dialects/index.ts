// The languages that workers speak: which of OpenAI's routes each answers, and how it proves that its model is loaded.
import { audio } from "./audio.ts";
import { images } from "./images.ts";
import type { Dialect } from "./proof.ts";
import { text } from "./text.ts";

const DIALECTS: readonly Dialect[] = [text, audio, images];

/** The dialect of an entry; one that nobody here knows is known by its health route alone. */
export function dialectOf(api: string): Pick<Dialect, "prove"> {
  return DIALECTS.find((dialect) => dialect.api === api) ?? { prove: async () => "answers" };
}

/** The interface that a worker must have for a path; undefined for a path of nobody. */
export function apiOfPath(path: string): string | undefined {
  return DIALECTS.find(({ paths }) => paths.includes(path))?.api;
}
