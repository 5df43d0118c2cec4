// What this machine has: processor, memory, disk, devices, toolchains. A tool that is missing or hangs costs a line and at most two seconds.
import { readFileSync } from "node:fs";
import { cpus, freemem, totalmem } from "node:os";
import type { Capabilities } from "../contract/views.ts";
import { fileSystemOf } from "../disk-usage.ts";
import type { Paths } from "../paths.ts";
import { ask } from "./ask.ts";
import { cpuFeatures } from "./cpu-features.ts";
import { findDevices } from "./devices/index.ts";
import { thisPlatform } from "./platform.ts";

const TOOLCHAINS: Readonly<Record<string, readonly string[]>> = {
  bash: ["--version"],
  bsdtar: ["--version"],
  cargo: ["--version"],
  ccache: ["--version"],
  clang: ["--version"],
  cmake: ["--version"],
  gcc: ["--version"],
  git: ["--version"],
  glslc: ["--version"],
  hipcc: ["--version"],
  make: ["--version"],
  ninja: ["--version"],
  nvcc: ["--version"],
  python3: ["--version"],
  rustc: ["--version"],
};

/** Looks at the machine; every look runs at once. */
export async function lookAtMachine(paths: Paths): Promise<Omit<Capabilities, "workers" | "process_means">> {
  const { os, arch } = thisPlatform();
  const [toolchains, found, features] = await Promise.all([findToolchains(), findDevices(), cpuFeatures()]);
  const processor = cpus();
  return {
    platform: os,
    architecture: arch,
    cpu: { model: processor[0]?.model.trim() || "unknown", cores: processor.length, features },
    memory: { total_bytes: totalmem(), available_bytes: availableMemory() },
    disk: [
      disk("data", paths.data),
      disk("cache", paths.cache),
      disk("system prefix", paths.systemPrefix),
      disk("user prefix", paths.userPrefix),
    ],
    devices: [{ id: "cpu", kind: "cpu", name: processor[0]?.model.trim() || "unknown" }, ...found.devices],
    toolchains,
    notes: [...found.notes],
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
