// The devices that a worker can compute on, as the vendors' own tools tell them: all are asked at once, each for at most two seconds.
import type { Capabilities } from "../contract/views.ts";
import { findAmd } from "./amd.ts";
import { findMetal } from "./metal.ts";
import { findNvidia } from "./nvidia.ts";
import { findVulkan } from "./vulkan.ts";

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

/** A card that two interfaces reach (CUDA and Vulkan, say) is there once for each: their workers are different ones. */
export async function findDevices(places: Places = {}): Promise<Found> {
  const found = await Promise.all([findNvidia(places), findAmd(places), findVulkan(places), findMetal(places)]);
  return { devices: found.flatMap(({ devices }) => devices), notes: found.flatMap(({ notes }) => notes) };
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
