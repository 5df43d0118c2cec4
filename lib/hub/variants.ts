// What a repository offers to choose from: each model with its size, what it needs, and whether it fits.
import type { ModelVariant } from "../contract/views.ts";
import type { HubFile } from "./listing.ts";
import { type HubRef, writeHubRef } from "./ref.ts";
import { findVariants, roughNeed, type Selection, selectFiles } from "./select.ts";

export type Offered = Omit<ModelVariant, "here">;

/** The smallest first; a repository without GGUF files offers itself. @throws MODEL_FILE_NOT_FOUND when it holds no model. */
export function variantsOf(files: readonly HubFile[], { repo, revision }: HubRef, memoryBytes: number): Offered[] {
  const whole: HubRef = { kind: "hub", repo, revision };
  const chosen = selectFiles(files, whole, memoryBytes);
  const found = findVariants(files);
  const labels = found.map(({ label }) => label);
  const isAlone = (label: string | undefined) => label !== undefined && labels.filter((other) => other === label).length === 1;
  const refs = found.map(
    ({ label, files: [first] }): HubRef => (isAlone(label) ? { ...whole, quantization: label! } : { ...whole, file: first!.path }),
  );
  const wishes = refs.length > 0 ? refs : [whole];
  const offers = wishes.map((wish) => describe(wish, selectFiles(files, wish, memoryBytes), chosen, memoryBytes));
  return offers.sort((a, b) => a.size_bytes - b.size_bytes);
}

function describe(ref: HubRef, selection: Selection, chosen: Selection, memoryBytes: number): Offered {
  const size = selection.files.reduce((sum, file) => sum + file.size, 0);
  const needed = roughNeed(size);
  return {
    ref: writeHubRef(ref),
    name: ref.quantization ?? ref.file ?? selection.format,
    format: selection.format,
    size_bytes: size,
    needs_bytes: needed,
    fits: needed <= memoryBytes,
    chosen: selection.main === chosen.main,
  };
}
