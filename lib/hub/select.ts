// Which of a repository's files make up the model that was asked for, and why those.
import { fail } from "../errors.ts";
import { formatBytes } from "../units.ts";
import type { HubFile } from "./listing.ts";
import type { HubRef } from "./ref.ts";

export interface Selection {
  readonly format: "gguf" | "safetensors" | "lora" | "ggml";
  /** The file that a worker is pointed at; for safetensors the directory holds more than one. */
  readonly main: HubFile;
  /** All files to fetch, `main` among them. */
  readonly files: readonly HubFile[];
  /** The quantisation, when the file's name says it. */
  readonly label: string | undefined;
  /** The projector of a model that sees or hears. */
  readonly projector?: HubFile;
  /** What was decided without having been asked, in words. */
  readonly reasons: readonly string[];
}

/** One GGUF model: one file, or the parts of a split one in their order. */
interface Variant {
  readonly label: string | undefined;
  readonly files: readonly HubFile[];
  readonly size: number;
}

/** `Q4_K_M`, `IQ2_XXS`, `UD-Q4_K_XL`, `BF16`, `MXFP4` where a file's name ends. */
const LABEL = /[.\-_/]((?:UD-)?(?:I?Q\d[A-Z0-9_]*|TQ\d_\d|BF16|F16|F32|FP16|FP32|MXFP4[A-Z_]*))(?:-\d{5}-of-\d{5})?\.gguf$/i;
const SPLIT = /^(.*)-(\d{5})-of-(\d{5})\.gguf$/i;
const WIDE = /^(BF16|F16|F32|FP16|FP32)$/i;
/** What goes along with weights in safetensors: configuration, tokenizer, chat template. */
const COMPANION = /\.(json|txt|model|jinja|tiktoken)$/i;

/** Memory that a model of this size needs to run: its weights, a context of some thousand tokens and room to compute. */
export function roughNeed(weightBytes: number): number {
  return Math.round(weightBytes * 1.1) + (256 << 20);
}

/** @throws MODEL_FILE_NOT_FOUND when the repository has no such file, quantisation, or no model at all. */
export function selectFiles(files: readonly HubFile[], ref: HubRef, memoryBytes: number): Selection {
  if (ref.file !== undefined) return selectNamed(files, ref, ref.file);
  const variants = findVariants(files);
  if (variants.length > 0) return selectVariant(files, variants, ref, memoryBytes);
  if (ref.quantization) throw fail("MODEL_FILE_NOT_FOUND", { repo: ref.repo, what: "GGUF files to choose from", found: describe(files) });
  return selectSafetensors(files, ref);
}

/** Every GGUF model of a repository; projectors and importance matrices are none. */
export function findVariants(files: readonly HubFile[]): Variant[] {
  const groups = new Map<string, HubFile[]>();
  for (const file of files) {
    if (!/\.gguf$/i.test(file.path) || isProjector(file) || /imatrix/i.test(file.path)) continue;
    const key = SPLIT.exec(file.path)?.[1] ?? file.path;
    groups.set(key, [...(groups.get(key) ?? []), file]);
  }
  return [...groups.values()].filter(isComplete).map((parts) => ({
    label: labelOf(parts[0]!.path),
    files: parts.sort((a, b) => (a.path < b.path ? -1 : 1)),
    size: parts.reduce((sum, { size }) => sum + size, 0),
  }));
}

/** The quantisation that a file's name says. */
export function labelOf(path: string): string | undefined {
  return LABEL.exec(`/${path}`)?.[1]?.toUpperCase();
}

function isComplete(parts: readonly HubFile[]): boolean {
  const total = SPLIT.exec(parts[0]!.path)?.[3];
  return total === undefined || Number(total) === parts.length;
}

function selectNamed(files: readonly HubFile[], ref: HubRef, path: string): Selection {
  const file = files.find((candidate) => candidate.path === path);
  if (!file) throw fail("MODEL_FILE_NOT_FOUND", { repo: ref.repo, what: `file "${path}"`, found: describe(files) });
  const variant = findVariants(files).find((candidate) => candidate.files.includes(file));
  if (variant) return fromVariant(files, variant, []);
  if (/\.gguf$/i.test(path)) return { format: "gguf", main: file, files: [file], label: undefined, reasons: [] };
  if (/\.safetensors$/i.test(path)) return withCompanions(files, [file]);
  if (/(^|\/)ggml-[^/]*\.bin$/i.test(path)) return { format: "ggml", main: file, files: [file], label: undefined, reasons: [] };
  throw fail("MODEL_FILE_NOT_FOUND", {
    repo: ref.repo,
    what: `model in "${path}" (GGUF, safetensors and whisper's ggml-*.bin can be used)`,
    found: describe(files),
  });
}

function selectVariant(files: readonly HubFile[], variants: readonly Variant[], ref: HubRef, memoryBytes: number): Selection {
  if (!ref.quantization) {
    const { variant, reason } = bestVariant(variants, memoryBytes);
    return fromVariant(files, variant, variants.length > 1 ? [reason] : []);
  }
  const wanted = ref.quantization.toUpperCase();
  const variant = variants.find(({ label }) => label === wanted) ?? variants.find(({ label }) => label === `UD-${wanted}`);
  if (variant) return fromVariant(files, variant, []);
  const found = [...new Set(variants.map(({ label, files: [first] }) => label ?? first!.path))].join(", ");
  throw fail("MODEL_FILE_NOT_FOUND", { repo: ref.repo, what: `quantisation ${wanted}`, found });
}

/**
 * The largest quantisation that fits the memory: more bits are closer to the original. Unquantised files lose nothing that Q8_0 keeps and need
 * twice its memory, so they are taken only when there is nothing else. When nothing fits, the smallest, and it says so.
 */
function bestVariant(variants: readonly Variant[], memoryBytes: number): { variant: Variant; reason: string } {
  const bySize = [...variants].sort((a, b) => b.size - a.size);
  const quantized = bySize.filter(({ label }) => label !== undefined && !WIDE.test(label));
  const candidates = quantized.length > 0 ? quantized : bySize;
  const memory = formatBytes(memoryBytes);
  const fitting = candidates.find(({ size }) => roughNeed(size) <= memoryBytes);
  const variant = fitting ?? candidates.at(-1)!;
  const name = variant.label ?? variant.files[0]!.path;
  const need = formatBytes(roughNeed(variant.size));
  const larger = candidates[candidates.indexOf(variant) - 1];
  const why = larger ? `; ${larger.label ?? larger.files[0]!.path} would need ${formatBytes(roughNeed(larger.size))}` : "";
  if (!fitting) return { variant, reason: `Chose ${name}, the smallest: it needs about ${need} and this machine has ${memory} for models` };
  return { variant, reason: `Chose ${name}: the best of ${variants.length} that fits, about ${need} of ${memory} for models${why}` };
}

function fromVariant(files: readonly HubFile[], variant: Variant, reasons: readonly string[]): Selection {
  const projector = bestProjector(files.filter(isProjector));
  return {
    format: "gguf",
    main: variant.files[0]!,
    files: [...variant.files, ...(projector ? [projector] : [])],
    label: variant.label,
    ...(projector ? { projector } : {}),
    reasons: projector ? [...reasons, `With its projector ${projector.path}`] : reasons,
  };
}

/** Projectors are small; half precision is what they were made for. */
function bestProjector(projectors: readonly HubFile[]): HubFile | undefined {
  return projectors.find(({ path }) => labelOf(path) === "F16") ?? projectors.find(({ path }) => labelOf(path) === "BF16") ?? projectors[0];
}

function isProjector({ path }: HubFile): boolean {
  return /mmproj[^/]*\.gguf$/i.test(path);
}

/** A pipeline keeps its parts in folders; other repositories keep second copies there. */
function selectSafetensors(files: readonly HubFile[], ref: HubRef): Selection {
  const isPipeline = files.some(({ path }) => path === "model_index.json");
  const weights = files.filter(({ path }) => /\.safetensors$/i.test(path) && (isPipeline || !path.includes("/")));
  const real = weights.filter(({ path }) => !/^consolidated/.test(path));
  if (weights.length === 0)
    throw fail("MODEL_FILE_NOT_FOUND", { repo: ref.repo, what: "GGUF or safetensors files", found: describe(files) });
  return withCompanions(files, real.length > 0 ? real : weights);
}

function withCompanions(files: readonly HubFile[], weights: readonly HubFile[]): Selection {
  const isPipeline = files.some(({ path }) => path === "model_index.json");
  const companions = files.filter(({ path }) => COMPANION.test(path) && (isPipeline || !path.includes("/")));
  const isAdapter = files.some(({ path }) => path === "adapter_config.json") && !files.some(({ path }) => path === "config.json");
  return {
    format: isAdapter ? "lora" : "safetensors",
    main: weights[0]!,
    files: [...companions, ...weights],
    label: undefined,
    reasons: isAdapter ? ["It is an adapter (LoRA): a worker needs its base model too"] : [],
  };
}

function describe(files: readonly HubFile[]): string {
  const names = files.filter(({ path }) => /\.(gguf|safetensors|bin|pt|pth|onnx)$/i.test(path)).map(({ path }) => path);
  const shown = names.slice(0, 10).join(", ");
  return names.length === 0 ? "no model files" : names.length > 10 ? `${shown} and ${names.length - 10} more` : shown;
}
