// What a look for devices finds, and how a tool is looked for.
import type { Capabilities } from "../../contract/views.ts";

export type Device = Capabilities["devices"][number];

export interface Found {
  readonly devices: readonly Device[];
  /** One line for each tool that is here and gave no answer. */
  readonly notes: readonly string[];
}

export interface Places {
  /** Where tools are looked for; undefined: the PATH of this process. */
  readonly path?: string;
  /** The kernel's and the drivers' files lie under it. */
  readonly root?: string;
}

export const NOTHING: Found = { devices: [], notes: [] };

/** The path of a tool, or null. */
export function toolAt(name: string, { path }: Places): string | null {
  return Bun.which(name, path === undefined ? {} : { PATH: path });
}

/** A device; a size that nobody could read is left out. */
export function device(kind: string, index: number | string, name: string, memoryBytes: number): Device {
  return { id: `${kind}:${index}`, kind, name, ...(Number.isFinite(memoryBytes) && memoryBytes > 0 ? { memory_bytes: memoryBytes } : {}) };
}
