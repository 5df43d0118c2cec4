// Whether a model in safetensors has a template for a chat. Source: transformers, "Chat templates": a file of its own, else the tokenizer's settings.
import { readFileSync, statSync } from "node:fs";
import { basename } from "node:path";

/** Settings of tokenizers hold their special tokens and are far smaller. */
const MOST_BYTES = 16 << 20;

/** Undefined when no file says anything about it. */
export function hasChatTemplate(files: readonly string[]): boolean | undefined {
  const named = (name: string) => files.find((file) => basename(file) === name);
  if (named("chat_template.jinja") ?? named("chat_template.json")) return true;
  const settings = named("tokenizer_config.json");
  return settings === undefined ? undefined : saysTemplate(settings);
}

function saysTemplate(path: string): boolean | undefined {
  try {
    if (statSync(path).size > MOST_BYTES) return undefined;
    const settings = JSON.parse(readFileSync(path, "utf8")) as unknown;
    return typeof settings === "object" && settings !== null && "chat_template" in settings && Boolean(settings.chat_template);
  } catch {
    return undefined;
  }
}
