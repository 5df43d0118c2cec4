// Which of the processor's abilities matter to engines: those that ggml, Candle and vLLM are built for or choose by.
import { readFileSync } from "node:fs";
import { ask } from "./ask.ts";

const X86 = /^(sse4_2|avx|avx2|avx_vnni|avx512\w*|fma|f16c|bmi2|amx_\w+)$/;
const ARM = /^(asimd\w*|neon|fphp|bf16|i8mm|sve\d?|sme\d?)$/;

/** As the kernel writes them, sorted; empty where nobody tells. Source: proc_cpuinfo(5), sysctl(8). */
export async function cpuFeatures(): Promise<string[]> {
  const words = process.platform === "linux" ? fromLinux() : process.platform === "darwin" ? await fromMac() : [];
  return [...new Set(words.filter((word) => X86.test(word) || ARM.test(word)))].sort();
}

function fromLinux(): string[] {
  try {
    const line = /^(?:flags|Features)\s*:\s*(.*)$/m.exec(readFileSync("/proc/cpuinfo", "utf8"))?.[1];
    return line?.split(/\s+/) ?? [];
  } catch {
    return [];
  }
}

/** `hw.optional.arm.FEAT_BF16: 1` on Apple's chips, `machdep.cpu.features: … AVX1.0 FMA` on Intel's. */
async function fromMac(): Promise<string[]> {
  const said = (await ask(["/usr/sbin/sysctl", "hw.optional.arm", "machdep.cpu.features", "machdep.cpu.leaf7_features"])) ?? "";
  const arm = [...said.matchAll(/FEAT_(\w+): 1$/gm)].map(([, name]) => name!.toLowerCase());
  const intel = [...said.matchAll(/^machdep\S*: (.*)$/gm)].flatMap(([, list]) => list!.toLowerCase().split(/\s+/));
  return [...arm, ...intel.map((name) => name.replace("avx1.0", "avx").replace("sse4.2", "sse4_2"))];
}
