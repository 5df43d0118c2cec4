// Where the Hub is, who asks it, and where its files are kept: the variables that every Hub client reads.
// Source: huggingface_hub, "Environment variables".
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { type Env, homeOf } from "../paths.ts";

export interface HubSettings {
  readonly endpoint: string;
  readonly token: string | undefined;
  /** Only what is kept here may be used. */
  readonly isOffline: boolean;
  /** Holds `models--ORG--NAME` directories. */
  readonly cache: string;
}

const TRUE = ["1", "on", "yes", "true"];

/** Read anew for each use: a person logs in while the hive runs. */
export function hubSettings(env: Env): HubSettings {
  const home = hubHome(env);
  return {
    endpoint: (env.HF_ENDPOINT || "https://huggingface.co").replace(/\/+$/, ""),
    token: env.HF_TOKEN?.trim() || env.HUGGING_FACE_HUB_TOKEN?.trim() || readToken(env.HF_TOKEN_PATH || join(home, "token")),
    isOffline: [env.HF_HUB_OFFLINE, env.TRANSFORMERS_OFFLINE].some((value) => TRUE.includes((value ?? "").toLowerCase())),
    cache: resolve(env.HF_HUB_CACHE || env.HUGGINGFACE_HUB_CACHE || join(home, "hub")),
  };
}

/** With RBEE_HOME one directory holds everything, the Hub's cache too, unless its own variable says otherwise. */
function hubHome(env: Env): string {
  if (env.HF_HOME) return resolve(env.HF_HOME);
  if (env.RBEE_HOME) return join(resolve(env.RBEE_HOME), "cache/huggingface");
  return join(env.XDG_CACHE_HOME || join(homeOf(env), ".cache"), "huggingface");
}

function readToken(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8").trim() || undefined;
  } catch {
    return undefined;
  }
}
