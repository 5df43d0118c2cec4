// The catalog inside the binary.
import type { Catalog } from "../../lib/catalog/catalog.ts";
import { embedCatalog } from "./embed.ts" with { type: "macro" };

const files: Readonly<Record<string, Readonly<Record<string, string>>>> = embedCatalog();

export const BUILT_IN = "built-in";

export const builtinCatalog: Catalog = {
  origin: BUILT_IN,
  isRemote: false,
  list: async () => Object.keys(files).sort().map(entryOf),
  get: async (id) => (isBuiltIn(id) ? entryOf(id) : undefined),
  file: async (id, name) => {
    const text = Object.hasOwn(files, id) && Object.hasOwn(files[id]!, name) ? files[id]![name] : undefined;
    return text === undefined ? undefined : new TextEncoder().encode(text);
  },
};

/** Whether the catalog inside the binary has this id, whichever other catalog has it too. */
export function isBuiltIn(id: string): boolean {
  return Object.hasOwn(files, id);
}

function entryOf(id: string): unknown {
  return JSON.parse(files[id]!["entry.json"]!);
}
