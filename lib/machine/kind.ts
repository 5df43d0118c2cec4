// What kind of machine this is, as far as a built program can tell: system, processor, C library, instructions beyond the usual.
import { existsSync, readFileSync } from "node:fs";
import type { MachineKind } from "../contract/views.ts";
import { thisPlatform } from "./platform.ts";

/** Instructions that a compiler uses for `-march=native`, by the names of /proc/cpuinfo and sysctl. */
const BEYOND_USUAL =
  /^(ssse3|sse4_[12]|popcnt|avx\w*|amx\w*|fma|f16c|bmi[12]|asimddp|asimdhp|i8mm|bf16|sve\w*|sme\w*|avx\d\.\d|sse4\.[12])$/;

let known: MachineKind | undefined;

/** The machine of this process; looked at once. */
export function thisMachine(): MachineKind {
  known ??= look();
  return known;
}

function look(): MachineKind {
  const { os, arch } = thisPlatform();
  const libc = os === "linux" ? libcHere() : undefined;
  return { os, arch, ...(libc ? { libc } : {}), cpu: instructionsHere() };
}

/** Why something that was built on `made` is not for `here`, in words; empty when it is. A newer glibc runs what was built on an older one. */
export function reasonsAgainstKind(made: MachineKind, here: MachineKind = thisMachine()): string[] {
  const reasons: string[] = [];
  if (made.os !== here.os || made.arch !== here.arch) reasons.push(`it was built on ${made.os} ${made.arch}`);
  if (made.libc && here.libc && !carries(here.libc, made.libc)) reasons.push(`it was built on ${made.libc}, here is ${here.libc}`);
  const lacking = here.cpu.length > 0 ? made.cpu.filter((each) => !here.cpu.includes(each)) : [];
  if (lacking.length > 0) reasons.push(`this processor has no ${lacking.join(", ")}`);
  return reasons;
}

/** Source: the glibc manual: symbols are versioned, newer ones keep the old. */
function carries(here: string, made: string): boolean {
  const [[family, version], [wantedFamily, wanted]] = [here.split(" "), made.split(" ")] as [string[], string[]];
  if (family !== wantedFamily) return false;
  return !version || !wanted || Bun.semver.order(`${version}.0`, `${wanted}.0`) >= 0;
}

function libcHere(): string | undefined {
  const said = Bun.which("getconf") ? Bun.spawnSync(["getconf", "GNU_LIBC_VERSION"], { stderr: "ignore" }).stdout.toString().trim() : "";
  if (/^glibc \d+\.\d+$/.test(said)) return said;
  return ["x86_64", "aarch64"].some((arch) => existsSync(`/lib/ld-musl-${arch}.so.1`)) ? "musl" : undefined;
}

function instructionsHere(): string[] {
  const found = new Set(wordsOfProcessor().filter((word) => BEYOND_USUAL.test(word)));
  return [...found].sort();
}

/** Source: proc_cpuinfo(5); sysctl(3) of macOS. */
function wordsOfProcessor(): string[] {
  if (process.platform === "linux")
    return (/^(?:flags|Features)\s*:(.*)$/m.exec(readFileSync("/proc/cpuinfo", "utf8"))?.[1] ?? "").trim().split(" ");
  if (process.platform !== "darwin") return [];
  const names = ["machdep.cpu.features", "machdep.cpu.leaf7_features"];
  return Bun.spawnSync(["sysctl", "-n", ...names], { stderr: "ignore" })
    .stdout.toString()
    .toLowerCase()
    .split(/\s+/);
}
