// A model's record from the files that make it up: what their headers say.
import { closeSync, openSync, readSync, statSync } from "node:fs";
import { dirname } from "node:path";
import type { Model } from "../../lib/contract/views.ts";
import { fail } from "../../lib/errors.ts";
import type { FetchedModel } from "../../lib/hub/fetch-model.ts";
import type { HubFile } from "../../lib/hub/listing.ts";
import type { HubRef } from "../../lib/hub/ref.ts";
import type { Selection } from "../../lib/hub/select.ts";
import { hasChatTemplate } from "../../lib/model/chat-template.ts";
import { readGguf } from "../../lib/model/gguf.ts";
import { readSafetensors } from "../../lib/model/safetensors.ts";

export interface ModelFiles {
  readonly id: string;
  readonly format: "gguf" | "safetensors" | "lora" | "ggml";
  /** The first of the weights comes first. */
  readonly weights: readonly string[];
  /** Everything else that was fetched with them. */
  readonly companions: readonly string[];
  readonly projector?: string | undefined;
  /** The quantisation as the file's name has it. */
  readonly label?: string | undefined;
  readonly source: string;
  readonly kept: Model["kept"];
  readonly repository?: Model["repository"];
}

/** @throws MODEL_UNREADABLE when a header is not one. */
export function describeModelFiles(files: ModelFiles): Model {
  const main = files.weights[0]!;
  const all = [...files.weights, ...files.companions, ...(files.projector ? [files.projector] : [])];
  const facts = factsOf(files);
  return {
    id: files.id,
    // Engines for safetensors read a directory.
    path: files.format === "gguf" || files.format === "ggml" ? main : dirname(main),
    size_bytes: all.reduce((sum, path) => sum + statSync(path).size, 0),
    added_at: Date.now(),
    source: files.source,
    kept: files.kept,
    files: all,
    ...(files.projector ? { projector: files.projector } : {}),
    ...(files.repository ? { repository: files.repository } : {}),
    ...defined(facts),
  };
}

type Facts = Pick<Model, "has_chat_template" | "format" | "architecture" | "quantization" | "parameters" | "context_length">;

function factsOf(files: ModelFiles) {
  if (files.format === "ggml") return ggmlFacts(files.weights[0]!);
  return files.format === "gguf" ? ggufFacts(files) : safetensorsFacts(files);
}

/** whisper.cpp's older format tells only that it is one. Source: whisper.cpp, GGML_FILE_MAGIC. */
function ggmlFacts(path: string): Facts {
  const head = new DataView(readHead(path).buffer);
  if (head.getUint32(0, true) !== 0x67676d6c) throw fail("MODEL_UNREADABLE", { path, reason: "it does not begin with ggml" });
  return { format: "ggml", architecture: "whisper" };
}

function readHead(path: string): Uint8Array {
  const file = openSync(path, "r");
  try {
    const head = new Uint8Array(4);
    readSync(file, head, 0, 4, 0);
    return head;
  } finally {
    closeSync(file);
  }
}

function ggufFacts({ weights, label }: ModelFiles): { [Key in keyof Facts]: Facts[Key] | undefined } & { format: string } {
  const headers = weights.map(readGguf);
  const [first] = headers;
  return {
    format: first!.metadata.get("general.type") === "adapter" ? "lora" : "gguf",
    parameters: headers.reduce((sum, { parameters }) => sum + parameters, 0),
    architecture: first!.architecture,
    quantization: label ?? first!.quantization,
    context_length: first!.contextLength,
    has_chat_template: first!.metadata.has("tokenizer.chat_template"),
  };
}

function safetensorsFacts({
  weights,
  companions,
  format,
}: ModelFiles): { [Key in keyof Facts]: Facts[Key] | undefined } & { format: string } {
  const { parameters, architecture, type, contextLength } = readSafetensors(weights);
  const has_chat_template = format === "safetensors" ? hasChatTemplate(companions) : undefined;
  return { format, parameters, architecture, quantization: type, context_length: contextLength, has_chat_template };
}

function defined(facts: { [Key in keyof Facts]: Facts[Key] | undefined } & { format: string }): Facts {
  return Object.fromEntries(Object.entries(facts).filter(([, value]) => value !== undefined)) as unknown as Facts;
}

/** The record of what a Hub gave: its id says repository, revision and quantisation, or the file where its name says none. */
export function hubModel({ repository, commit, selection }: FetchedModel, ref: HubRef, known: readonly Model[]): Model {
  const at = (files: readonly HubFile[]) => files.map(({ path }) => repository.file(commit, path));
  const isWeight = ({ path }: HubFile) => /\.(gguf|safetensors|bin)$/i.test(path);
  const weights = selection.files.filter((file) => isWeight(file) && file !== selection.projector);
  const path = at([selection.main])[0]!;
  return describeModelFiles({
    id: idOf(selection, ref, (id) => known.some((model) => model.id === id && !model.files.includes(path))),
    format: selection.format,
    weights: at(weights),
    companions: at(selection.files.filter((file) => !isWeight(file))),
    projector: selection.projector && at([selection.projector])[0],
    label: selection.label,
    source: `hf:${ref.repo}@${commit}`,
    kept: "cached",
    repository: { cache: repository.cache, name: repository.repo, commit },
  });
}

function idOf({ format, label, main }: Selection, { repo, revision }: HubRef, isTaken: (id: string) => boolean): string {
  const at = revision === "main" ? repo : `${repo}@${revision}`;
  if (format === "ggml") return `${at}/${main.path}`;
  if (format !== "gguf") return at;
  const short = `${at}:${label}`;
  return label && !isTaken(short) ? short : `${at}/${main.path}`;
}
