// What Vulkan reaches, from vulkaninfo; without it from the kernel's list of cards and the drivers that are installed.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { askTool } from "../ask.ts";
import { device, type Found, NOTHING, type Places, toolAt } from "./device.ts";

export async function findVulkan(places: Places): Promise<Found> {
  const program = toolAt("vulkaninfo", places);
  if (!program) return fromDrivers(places);
  const { text, problem } = await askTool([program]);
  return problem === undefined ? fromText(text) : { devices: [], notes: [problem] };
}

interface Card {
  readonly index: string;
  readonly name: string;
  readonly type: string;
  /** The same card through a second driver has the same one. */
  readonly uuid: string | undefined;
  readonly memoryBytes: number;
}

/** Numbers are those of GGML_VK_VISIBLE_DEVICES; a driver in software is no device. Source: vulkaninfo(1); ggml's Vulkan backend. */
function fromText(text: string): Found {
  const cards = readCards(text);
  const real = cards.filter(({ type }) => !/CPU$/.test(type));
  const once = real.filter(({ uuid }, at) => uuid === undefined || real.findIndex((other) => other.uuid === uuid) === at);
  const inSoftware = cards.length > 0 && real.length === 0 ? [`Vulkan runs in software here (${cards[0]!.name}): that is no device`] : [];
  return { devices: once.map(({ index, name, memoryBytes }) => device("vulkan", index, name, memoryBytes)), notes: inSoftware };
}

function readCards(text: string): Card[] {
  const [, ...parts] = text.split(/^GPU(\d+):?[ \t]*$/m);
  return parts.flatMap((part, at) => {
    const body = parts[at + 1] ?? "";
    const field = (name: string) => new RegExp(`^\\s*${name}\\s*=\\s*(.+)$`, "m").exec(body)?.[1]?.trim();
    const name = field("deviceName");
    if (at % 2 === 1 || !name) return [];
    return [{ index: part, name, type: field("deviceType") ?? "", uuid: field("deviceUUID"), memoryBytes: ownMemory(body) }];
  });
}

/** The sum of the heaps that are the device's own: what ggml counts as well. */
function ownMemory(body: string): number {
  const heaps = body
    .split(/^\s*memoryTypes/m)[0]!
    .split(/^\s*memoryHeaps\[\d+\]/m)
    .slice(1);
  const own = heaps.filter((heap) => heap.includes("DEVICE_LOCAL"));
  return own.reduce((sum, heap) => sum + Number(/size\s*=\s*(\d+)/.exec(heap)?.[1] ?? 0), 0);
}

/** Where drivers say that they are there. Source: the Vulkan loader's LoaderDriverInterface.md. */
const DRIVER_PLACES = [
  "usr/share/vulkan/icd.d",
  "usr/local/share/vulkan/icd.d",
  "etc/vulkan/icd.d",
  "run/opengl-driver/share/vulkan/icd.d",
];
/** PCI's numbers for vendors, and how their drivers' files are called. */
const VENDORS: Readonly<Record<string, { readonly name: string; readonly drivers: RegExp }>> = {
  "0x1002": { name: "AMD", drivers: /radeon|amd/i },
  "0x8086": { name: "Intel", drivers: /intel/i },
  "0x10de": { name: "NVIDIA", drivers: /nvidia|nouveau/i },
};

/** The kernel's order is the loader's on nearly every machine; who wants to be sure installs vulkaninfo, and the note says so. */
function fromDrivers({ root = "/" }: Places): Found {
  const drivers = DRIVER_PLACES.flatMap((place) => namesIn(join(root, place))).filter((name) => name.endsWith(".json"));
  if (drivers.length === 0) return NOTHING;
  const cards = namesIn(join(root, "sys/class/drm")).filter((name) => /^renderD\d+$/.test(name));
  const devices = cards.sort().flatMap((name) => fromCard(join(root, "sys/class/drm", name, "device"), drivers));
  const numbered = devices.map(({ name, memoryBytes }, index) => device("vulkan", index, name, memoryBytes));
  return {
    devices: numbered,
    notes: numbered.length > 0 ? ["vulkaninfo is not installed: Vulkan devices are told from their drivers"] : [],
  };
}

function fromCard(directory: string, drivers: readonly string[]): { name: string; memoryBytes: number }[] {
  const vendor = VENDORS[lineOf(join(directory, "vendor"))];
  if (!vendor || !drivers.some((name) => vendor.drivers.test(name))) return [];
  const memoryBytes = Number(lineOf(join(directory, "mem_info_vram_total")) || Number.NaN);
  return [{ name: `${vendor.name} ${lineOf(join(directory, "device"))}`.trim(), memoryBytes }];
}

function namesIn(directory: string): string[] {
  return existsSync(directory) ? readdirSync(directory) : [];
}

function lineOf(path: string): string {
  try {
    return readFileSync(path, "utf8").trim();
  } catch {
    return "";
  }
}
