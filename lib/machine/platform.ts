// Which machine this is, in the catalog's words, and what fits it.
import { existsSync } from "node:fs";
import type { Entry } from "../contract/entry.ts";
import { fail } from "../errors.ts";

type PlatformName = Entry["platforms"][number];
type Architecture = Entry["architectures"][number];

export interface Platform {
  readonly os: PlatformName;
  readonly arch: Architecture;
}

/** The platform of this process. An operating system that the catalog has no word for keeps its own name and fits nothing. */
export function thisPlatform(): Platform {
  const os = { darwin: "macos", win32: "windows" }[process.platform as string] ?? process.platform;
  const arch = { x64: "x86_64", arm64: "aarch64" }[process.arch as string] ?? process.arch;
  return { os: os as PlatformName, arch: arch as Architecture };
}

/** Why a worker cannot run here, in words; empty when it can. */
export function reasonsAgainst(entry: Entry, platform: Platform = thisPlatform()): string[] {
  const reasons: string[] = [];
  if (!entry.platforms.includes(platform.os)) reasons.push(`made for ${entry.platforms.join(", ")}`);
  if (!entry.architectures.includes(platform.arch)) reasons.push(`made for ${entry.architectures.join(", ")}`);
  if (entry.worker_type === "cuda" && !hasNvidia()) reasons.push("needs an NVIDIA GPU and its driver");
  if (entry.worker_type === "rocm" && !existsSync("/dev/kfd")) reasons.push("needs an AMD GPU and its driver");
  if (entry.worker_type === "vulkan" && platform.os === "linux" && !existsSync("/dev/dri")) reasons.push("needs a GPU with Vulkan");
  if (entry.worker_type === "metal" && platform.os !== "macos") reasons.push("needs Apple Metal");
  return [...new Set(reasons)];
}

/** @throws PLATFORM_UNSUPPORTED when operating system or processor are not among the entry's. A missing GPU is no reason not to build. */
export function checkPlatform(entry: Entry, platform: Platform = thisPlatform()): void {
  if (entry.platforms.includes(platform.os) && entry.architectures.includes(platform.arch)) return;
  throw fail("PLATFORM_UNSUPPORTED", {
    id: entry.id,
    wanted: `${entry.platforms.join(", ")} on ${entry.architectures.join(", ")}`,
    found: `${platform.os} on ${platform.arch}`,
  });
}

function hasNvidia(): boolean {
  return Bun.which("nvidia-smi") !== null || existsSync("/proc/driver/nvidia");
}
