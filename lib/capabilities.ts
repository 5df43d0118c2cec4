// What this machine has: processor, memory, disk, devices, toolchains. A tool that is missing or hangs costs a line and at most two seconds.
import { readFileSync } from "node:fs";
import { cpus, freemem, totalmem } from "node:os";
import type { Capabilities } from "./contract/views.ts";
import { fileSystemOf } from "./disk-usage.ts";
import type { Paths } from "./paths.ts";
import { thisPlatform } from "./platform.ts";

/** How long one tool may take to say its version. */
const TOOL_MS = 2_000;

const TOOLCHAINS: Readonly<Record<string, readonly string[]>> = {
  bash: ["--version"],
  bsdtar: ["--version"],
  cargo: ["--version"],
  cmake: ["--version"],
  gcc: ["--version"],
  git: ["--version"],
  nvcc: ["--version"],
  python3: ["--version"],
  rustc: ["--version"],
};

/** Looks at the machine; every look runs at once. */
export async function lookAtMachine(paths: Paths): Promise<Omit<Capabilities, "workers" | "process_means">> {
  const { os, arch } = thisPlatform();
  const [toolchains, gpus] = await Promise.all([findToolchains(), findNvidia()]);
  const processor = cpus();
  return {
    platform: os,
    architecture: arch,
    cpu: { model: processor[0]?.model.trim() || "unknown", cores: processor.length },
    memory: { total_bytes: totalmem(), available_bytes: availableMemory() },
    disk: [
      disk("data", paths.data),
      disk("cache", paths.cache),
      disk("system prefix", paths.systemPrefix),
      disk("user prefix", paths.userPrefix),
    ],
    devices: [{ id: "cpu", kind: "cpu", name: processor[0]?.model.trim() || "unknown" }, ...gpus.devices],
    toolchains,
    notes: gpus.notes,
  };
}

async function findToolchains(): Promise<Capabilities["toolchains"]> {
  const found = await Promise.all(
    Object.entries(TOOLCHAINS).map(async ([name, args]) => {
      const path = Bun.which(name);
      if (!path) return undefined;
      const text = await ask([path, ...args]);
      return { name, path, version: /\d+(\.\d+)+[\w.+~-]*/.exec(text ?? "")?.[0] ?? "unknown" };
    }),
  );
  return found.filter((tool) => tool !== undefined);
}

/** Source: nvidia-smi --help-query-gpu. */
async function findNvidia(): Promise<{ devices: Capabilities["devices"]; notes: string[] }> {
  const program = Bun.which("nvidia-smi");
  if (!program) return { devices: [], notes: [] };
  const text = await ask([program, "--query-gpu=index,name,memory.total", "--format=csv,noheader,nounits"]);
  if (text === undefined) return { devices: [], notes: ["nvidia-smi is installed but gave no answer"] };
  const devices = text
    .trim()
    .split("\n")
    .flatMap((line) => {
      const [index, name, mebibytes] = line.split(",").map((field) => field.trim());
      return index && name ? [{ id: `cuda:${index}`, kind: "cuda", name, memory_bytes: Number(mebibytes) * 2 ** 20 }] : [];
    });
  return { devices, notes: [] };
}

/** What a program prints, or undefined when it fails or takes more than two seconds. */
export async function ask(command: string[]): Promise<string | undefined> {
  try {
    const program = Bun.spawn(command, { stdin: "ignore", stdout: "pipe", stderr: "ignore", timeout: TOOL_MS, killSignal: "SIGKILL" });
    const text = await new Response(program.stdout).text();
    return (await program.exited) === 0 ? text : undefined;
  } catch {
    return undefined;
  }
}

function disk(what: string, path: string): Capabilities["disk"][number] {
  const { bavail, blocks, bsize } = fileSystemOf(path);
  return { what, path, free_bytes: bavail * bsize, total_bytes: blocks * bsize };
}

/** Free memory does not count what the kernel would give back; MemAvailable does. Source: proc_meminfo(5). */
export function availableMemory(): number {
  if (process.platform !== "linux") return freemem();
  const kibibytes = /^MemAvailable:\s+(\d+)/m.exec(readFileSync("/proc/meminfo", "utf8"))?.[1];
  return kibibytes ? Number(kibibytes) * 1024 : freemem();
}
