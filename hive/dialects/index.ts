// The languages that workers speak: which of OpenAI's routes each answers, and how it proves that its model is loaded.
import { audio } from "./audio.ts";
import { images } from "./images.ts";
import { text } from "./text.ts";

/** A worker as a dialect sees it. */
export interface Speaker {
  readonly url: string;
  /** The key that it may demand. */
  readonly token: string;
  /** What it calls its model. */
  readonly model: string;
}

/** `answers`: the model is there; `not yet`: ask again; else why it will not. */
export type Proof = "answers" | "not yet" | { readonly refusal: string };

export interface Dialect {
  /** As an entry names it in `run.api`. */
  readonly api: string;
  readonly paths: readonly string[];
  /** Asked once the health route says yes. Never throws but the signal's reason. */
  prove(speaker: Speaker, signal: AbortSignal): Promise<Proof>;
}

const DIALECTS: readonly Dialect[] = [text, audio, images];

/** The dialect of an entry; one that nobody here knows is known by its health route alone. */
export function dialectOf(api: string): Pick<Dialect, "prove"> {
  return DIALECTS.find((dialect) => dialect.api === api) ?? { prove: async () => "answers" };
}

/** The interface that a worker must have for a path; undefined for a path of nobody. */
export function apiOfPath(path: string): string | undefined {
  return DIALECTS.find(({ paths }) => paths.includes(path))?.api;
}
