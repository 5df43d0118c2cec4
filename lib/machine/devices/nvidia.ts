// NVIDIA's cards, from nvidia-smi. Source: nvidia-smi --help-query-gpu.
import { askTool } from "../ask.ts";
import { device, type Found, NOTHING, type Places, toolAt } from "./device.ts";

const QUERY = ["--query-gpu=index,name,memory.total", "--format=csv,noheader,nounits"];

export async function findNvidia(places: Places): Promise<Found> {
  const program = toolAt("nvidia-smi", places);
  if (!program) return NOTHING;
  const { text, problem } = await askTool([program, ...QUERY]);
  if (problem !== undefined) return { devices: [], notes: [problem] };
  return { devices: text.trim().split("\n").flatMap(readLine), notes: [] };
}

/** `0, NVIDIA H100 80GB HBM3, 81559`: mebibytes, or `[N/A]` where processor and card share their memory. */
function readLine(line: string) {
  const [index, name, mebibytes] = line.split(",").map((field) => field.trim());
  return index && name && /^\d+$/.test(index) ? [device("cuda", index, name, Number(mebibytes) * 2 ** 20)] : [];
}
