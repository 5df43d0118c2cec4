// The newest rbee from where releases lie: fetched beside the binary, verified, tried, then renamed over it.
import { chmodSync, mkdtempSync, readFileSync, renameSync } from "node:fs";
import { dirname, join } from "node:path";
import { download } from "./download.ts";
import { fail } from "./errors.ts";
import { hashFile } from "./hash.ts";
import { ask } from "./machine/ask.ts";
import { removeTree } from "./tree.ts";

export interface Update {
  readonly from: string;
  readonly to: string;
  readonly changed: boolean;
}

interface UpdateOptions {
  /** URL of a directory with the binaries and their SHA256SUMS, as scripts/build.ts makes it. */
  readonly releases: string;
  /** The program to replace. */
  readonly binary: string;
  readonly onProgress?: (done: number, total: number | null) => void;
  readonly signal?: AbortSignal | undefined;
}

/** @throws SOURCE_UNAVAILABLE, CHECKSUM_MISMATCH, PLATFORM_UNSUPPORTED, UPDATE_BROKEN; the binary is then as it was. */
export async function updateSelf({ releases, binary, onProgress, signal }: UpdateOptions): Promise<Update> {
  const name = releaseName();
  const from = await versionOf(binary);
  const work = mkdtempSync(join(dirname(binary), ".rbee-update-"));
  const at = (file: string) => `${releases.replace(/\/+$/, "")}/${file}`;
  try {
    const sums = join(work, "SHA256SUMS");
    await download(at("SHA256SUMS"), sums, { signal });
    const expected = new RegExp(`^([0-9a-f]{64}) [ *]${name.replaceAll(".", "\\.")}$`, "m").exec(readFileSync(sums, "utf8"))?.[1];
    if (!expected) throw fail("PLATFORM_UNSUPPORTED", { id: "This release", wanted: "other machines", found: name });
    if ((await hashFile(binary)) === expected) return { from, to: from, changed: false };
    const fresh = join(work, name);
    await download(at(name), fresh, { signal, ...(onProgress ? { onProgress } : {}) });
    const found = await hashFile(fresh);
    if (found !== expected)
      throw fail("CHECKSUM_MISMATCH", { file: name, kind: "sha256", expected, found, kept: "nowhere" }, { hint: "Nothing was changed" });
    chmodSync(fresh, 0o755);
    const to = await versionOf(fresh);
    signal?.throwIfAborted();
    renameSync(fresh, binary);
    return { from, to, changed: true };
  } finally {
    removeTree(work);
  }
}

/** The file of a release that is for this machine. */
function releaseName(): string {
  const os = process.platform === "win32" ? "windows" : process.platform;
  return `rbee-${os}-${process.arch}${isMusl() ? "-musl" : ""}${process.platform === "win32" ? ".exe" : ""}`;
}

/** A program for the wrong C library does not start at all, so ours is the machine's. Source: the dynamic section's loader, in proc_pid_maps(5). */
function isMusl(): boolean {
  return process.platform === "linux" && readFileSync("/proc/self/maps", "latin1").includes("/ld-musl-");
}

/** @throws UPDATE_BROKEN when the program does not even say its version. */
async function versionOf(binary: string): Promise<string> {
  const version = /^rbee (\S+)/.exec((await ask([binary, "--version"])) ?? "")?.[1];
  if (!version) throw fail("UPDATE_BROKEN", { path: binary });
  return version;
}
