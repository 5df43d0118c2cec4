// Apple's graphics, from system_profiler. Source: system_profiler -json SPDisplaysDataType on macOS 12 to 15.
import { totalmem } from "node:os";
import { z } from "zod";
import { askTool } from "../ask.ts";
import { device, type Found, NOTHING, type Places, toolAt } from "./device.ts";

const Displays = z.object({
  SPDisplaysDataType: z.array(
    z.looseObject({
      _name: z.string(),
      sppci_model: z.string().optional(),
      spdisplays_vram: z.string().optional(),
      spdisplays_mtlgpufamilysupport: z.string().optional(),
      spdisplays_metal: z.string().optional(),
    }),
  ),
});
type Display = z.infer<typeof Displays>["SPDisplaysDataType"][number];

export async function findMetal(places: Places): Promise<Found> {
  const program = toolAt("system_profiler", places);
  if (!program) return NOTHING;
  const { text, problem } = await askTool([program, "-json", "SPDisplaysDataType"]);
  if (problem !== undefined) return { devices: [], notes: [problem] };
  try {
    const displays = Displays.parse(JSON.parse(text)).SPDisplaysDataType.filter(hasMetal);
    return {
      devices: displays.map((display, index) => device("metal", index, display.sppci_model ?? display._name, memoryOf(display))),
      notes: [],
    };
  } catch {
    return { devices: [], notes: ["system_profiler gave an answer that cannot be read"] };
  }
}

function hasMetal(display: Display): boolean {
  const support = display.spdisplays_mtlgpufamilysupport ?? display.spdisplays_metal;
  return support !== undefined && !/notsupported/i.test(support);
}

/** `1536 MB`, `4 GB`. Apple's own chips have none of their own: of the machine's memory Metal recommends to use two thirds, three quarters of much. */
function memoryOf({ spdisplays_vram: vram }: Display): number {
  if (vram === undefined) return Math.round(totalmem() * (totalmem() > 36 * 2 ** 30 ? 3 / 4 : 2 / 3));
  const [, count, unit] = /^([\d.]+)\s*(MB|GB|TB)/i.exec(vram) ?? [];
  return Number(count) * ({ MB: 2 ** 20, GB: 2 ** 30, TB: 2 ** 40 }[unit?.toUpperCase() ?? ""] ?? Number.NaN);
}
