// The devices that a worker can compute on, as the vendors' own tools tell them: all are asked at once, each for at most two seconds.
import { findAmd } from "./amd.ts";
import type { Found, Places } from "./device.ts";
import { findMetal } from "./metal.ts";
import { findNvidia } from "./nvidia.ts";
import { findVulkan } from "./vulkan.ts";

/** A card that two interfaces reach (CUDA and Vulkan, say) is there once for each: their workers are different ones. */
export async function findDevices(places: Places = {}): Promise<Found> {
  const found = await Promise.all([findNvidia(places), findAmd(places), findVulkan(places), findMetal(places)]);
  return { devices: found.flatMap(({ devices }) => devices), notes: found.flatMap(({ notes }) => notes) };
}
