// What people write to name a model that is not here yet: a file, an address, a repository of a Hub.
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { fail } from "../errors.ts";

export interface HubRef {
  readonly kind: "hub";
  /** `organisation/name`; old repositories have a name only. */
  readonly repo: string;
  /** A branch, tag or commit. */
  readonly revision: string;
  readonly file?: string;
  /** As in file names: `Q4_K_M`; upper or lower case. */
  readonly quantization?: string;
}

export type ModelRef = HubRef | { readonly kind: "local"; readonly path: string } | { readonly kind: "url"; readonly url: string };

const NAME = "[A-Za-z0-9][A-Za-z0-9._-]{0,95}";
const REVISION = "refs/[a-z]+/[A-Za-z0-9._-]+|[A-Za-z0-9][A-Za-z0-9._-]{0,254}";
const HUB = new RegExp(
  `^(?<repo>${NAME}/${NAME})(?:@(?<revision>${REVISION}))?(?:/(?<file>[^:@]+))?(?::(?<quantization>[A-Za-z0-9_.-]+))?$`,
);
const OLD_HUB = new RegExp(`^(?<repo>${NAME})(?:@(?<revision>${REVISION}))?(?::(?<quantization>[A-Za-z0-9_.-]+))?$`);
/** Pages of a repository as they stand in a browser: files below `blob`, `resolve` and `raw`, folders below `tree`. */
const PAGE = new RegExp(`^/(?<repo>${NAME}/${NAME})(?:/(?:blob|resolve|raw|tree)/(?<revision>[^/]+)(?:/(?<file>.+))?)?/?$`);
const HUB_HOSTS = ["huggingface.co", "www.huggingface.co", "hf.co"];

/** @throws FILE_NOT_FOUND for what can only be a path, INVALID_INPUT for what is nothing of all this. */
export function parseModelRef(written: string, { endpoint }: { endpoint: string }): ModelRef {
  if (/^https?:\/\//.test(written)) return parseAddress(written, endpoint);
  const explicit = /^hf:(?:\/\/)?(.*)$/.exec(written)?.[1];
  if (explicit === undefined && existsSync(written)) return { kind: "local", path: resolve(written) };
  if (explicit === undefined && looksLikePath(written)) throw fail("FILE_NOT_FOUND", { path: written });
  const found = HUB.exec(explicit ?? written) ?? (explicit === undefined ? null : OLD_HUB.exec(explicit));
  if (!found?.groups) throw fail("MODEL_REF_INVALID", { ref: written });
  return hubRef(found.groups, written);
}

/** The reference in one way of writing: equal for all that mean the same. */
export function writeHubRef({ repo, revision, file, quantization }: HubRef): string {
  const at = revision === "main" ? "" : `@${revision}`;
  return `${repo}${at}${file ? `/${file}` : ""}${quantization ? `:${quantization.toUpperCase()}` : ""}`;
}

function parseAddress(written: string, endpoint: string): ModelRef {
  let url: URL;
  try {
    url = new URL(written);
  } catch {
    throw fail("MODEL_REF_INVALID", { ref: written });
  }
  const isHub = HUB_HOSTS.includes(url.host) || url.host === new URL(endpoint).host;
  const page = isHub ? PAGE.exec(decodeURIComponent(url.pathname)) : null;
  return page?.groups ? hubRef(page.groups, written) : { kind: "url", url: url.href };
}

function hubRef({ repo, revision, file, quantization }: { [name: string]: string | undefined }, written: string): HubRef {
  const parts = [...(file ?? "").split("/"), ...repo!.split("/")];
  if (parts.some((part) => part === ".." || part === ".")) throw fail("MODEL_REF_INVALID", { ref: written });
  return { kind: "hub", repo: repo!, revision: revision ?? "main", ...(file ? { file } : {}), ...(quantization ? { quantization } : {}) };
}

/** `models/x.gguf` is more likely a file that is not there than a repository called `x.gguf`. */
function looksLikePath(written: string): boolean {
  return /^[./~\\]/.test(written) || /^[^/:@]*(\/[^/:@]*)?\.(gguf|safetensors|bin)$/i.test(written);
}
