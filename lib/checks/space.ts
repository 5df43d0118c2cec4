// Is there room: on the disks that a build and an install write to, and in memory.

import type { Finding } from "../contract/views.ts";
import { fileSystemOf } from "../disk-usage.ts";
import { availableMemory } from "../machine/capabilities.ts";
import { formatBytes } from "../units.ts";
import { fine, problem, warning } from "./finding.ts";

const GB = 1e9;
/** Below this much a disk is as good as full. Bytes. */
const HARDLY_ANY = 0.1 * GB;
/** What a build of a kind commonly takes at its peak, rounded up. Bytes. */
const BUILD_BYTES: Readonly<Record<string, number>> = { cargo: 4 * GB, cmake: 3 * GB, make: GB };
/** Compilers want about this much; with less the kernel ends them. Bytes. */
const COMPILE_MEMORY = 1.5 * GB;
const COMPILED = ["cargo", "cmake", "make"];

/** How much a build with this system should find free. Bytes. */
export function buildBytes(buildSystem: string): number {
  return BUILD_BYTES[buildSystem] ?? GB;
}

/** Free space for what will be written at `path`, which need not exist yet. */
export function checkDisk(what: string, path: string, wantedBytes: number): Finding {
  const { bavail, bsize, ffree, files } = fileSystemOf(path);
  const free = bavail * bsize;
  const words = `${formatBytes(free)} free for ${what} (${path})`;
  if (files > 0 && ffree < 1_000)
    return problem("disk", `Hardly any file can be made for ${what} (${path}): its inodes are used up`, "rbee prune");
  if (free < HARDLY_ANY) return problem("disk", words, "rbee prune");
  if (free < wantedBytes) return warning("disk", `${words}; ${formatBytes(wantedBytes)} would be safe`, "rbee prune");
  return fine("disk", words);
}

/** Memory for a build with this system. */
export function checkMemory(buildSystem: string): Finding {
  const free = availableMemory();
  const words = `${formatBytes(free)} of memory available`;
  if (!COMPILED.includes(buildSystem) || free >= COMPILE_MEMORY) return fine("memory", words);
  return warning("memory", `${words}; compilers may be ended by the system. Close other programs, or give the build fewer cores`);
}
