// AMD's cards, from amd-smi, or from rocm-smi where that is all there is. Source: both tools' JSON, ROCm 5 to 7.
import { z } from "zod";
import { askTool } from "../ask.ts";
import { type Device, device, type Found, NOTHING, type Places, toolAt } from "./device.ts";

/** Before ROCm 7 the list stood alone; a field that cannot be read is "N/A". */
const Amd = z.object({
  gpu: z.number(),
  asic: z.object({ market_name: z.string() }).or(z.string()).optional(),
  vram: z
    .object({ size: z.object({ value: z.number(), unit: z.string() }).or(z.string()) })
    .or(z.string())
    .optional(),
});
const AmdSmi = z.array(Amd).or(z.object({ gpu_data: z.array(Amd) }).transform(({ gpu_data }) => gpu_data));

const RocmSmi = z.record(z.string(), z.record(z.string(), z.unknown()));

/** How amd-smi writes units: it means powers of two. */
const UNITS: Readonly<Record<string, number>> = { B: 1, KB: 2 ** 10, MB: 2 ** 20, GB: 2 ** 30 };

export async function findAmd(places: Places): Promise<Found> {
  const [newer, older] = await Promise.all([
    askJson("amd-smi", ["static", "--asic", "--vram", "--json"], AmdSmi, places),
    askJson("rocm-smi", ["--showproductname", "--showmeminfo", "vram", "--json"], RocmSmi, places),
  ]);
  if (newer.data) return { devices: newer.data.map(fromAmdSmi), notes: [] };
  if (older.data) return { devices: Object.entries(older.data).flatMap(fromRocmSmi), notes: [] };
  const notes = [newer.problem, older.problem].filter((problem) => problem !== undefined);
  return notes.length > 0 ? { devices: [], notes } : NOTHING;
}

function fromAmdSmi({ gpu, asic, vram }: z.infer<typeof Amd>): Device {
  const size =
    typeof vram === "object" && typeof vram.size === "object" ? vram.size.value * (UNITS[vram.size.unit] ?? Number.NaN) : Number.NaN;
  return device("rocm", gpu, typeof asic === "object" ? asic.market_name : "AMD GPU", size);
}

/** `"card0": {"Card Series": "Radeon RX 7900 XT", "VRAM Total Memory (B)": "21458059264"}`; older ones write `Card series`. */
function fromRocmSmi([card, fields]: [string, Record<string, unknown>]): Device[] {
  const index = /^card(\d+)$/.exec(card)?.[1];
  if (index === undefined) return [];
  const lower = Object.fromEntries(Object.entries(fields).map(([name, value]) => [name.toLowerCase(), String(value)]));
  const name = [lower["card series"], lower["device name"], lower["card model"]].find((text) => text && text !== "N/A");
  return [device("rocm", index, name ?? "AMD GPU", Number(lower["vram total memory (b)"]))];
}

/** Warnings may stand before the JSON. */
async function askJson<Shape>(tool: string, args: readonly string[], shape: z.ZodType<Shape>, places: Places) {
  const program = toolAt(tool, places);
  if (!program) return {};
  const { text, problem } = await askTool([program, ...args]);
  if (problem !== undefined) return { problem };
  try {
    return { data: shape.parse(JSON.parse(text.slice(Math.max(0, text.search(/^\s*[[{]/m))))) };
  } catch {
    return { problem: `${tool} gave an answer that cannot be read` };
  }
}
