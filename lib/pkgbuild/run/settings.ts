// How builds are made on this machine: what makepkg.conf(5) is to makepkg.
import { readFileSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { fail } from "../../errors.ts";
import type { Env } from "../../paths.ts";

/** The key `build` of config.json. */
export const BuildSettings = z
  .object({
    packager: z.string().default("Unknown Packager"),
    makeflags: z.string().default(() => `-j${Math.max(1, cpus().length)}`),
    cppflags: z.string().default(""),
    cflags: z.string().default("-O2 -pipe"),
    cxxflags: z.string().default("-O2 -pipe"),
    ldflags: z.string().default(""),
    rustflags: z.string().default(""),
    ltoflags: z.string().default("-flto"),
    debug_cflags: z.string().default("-g"),
    /** Defaults of options=(), as OPTIONS in makepkg.conf. */
    options: z
      .array(z.string().regex(/^!?[a-z]+$/))
      .default(["strip", "docs", "libtool", "staticlibs", "emptydirs", "zipman", "purge", "!debug", "!lto"]),
    /** Defaults of what a build does, as BUILDENV: `!check` leaves check() out. */
    buildenv: z.array(z.string().regex(/^!?[a-z]+$/)).default(["!distcc", "!color", "!ccache", "check", "!sign"]),
    /** nice(1), 0 to 19. */
    nice: z.number().int().min(0).max(19).default(0),
    /** Address space of each process, see RLIMIT_AS in getrlimit(2); 0 is none. */
    memory_bytes: z.number().int().min(0).default(0),
    /** Directories of this machine that recipes may name in source=(), besides what everybody may read; see sources/own-files.ts. */
    file_sources: z.array(z.string().startsWith("/")).default([]),
    /** What one archive among the sources may unpack to; see ExtractLimits. Left out: the limits of sources/extract.ts. */
    extract_bytes: z.number().int().positive().optional(),
    extract_entries: z.number().int().positive().optional(),
    extract_ratio: z.number().int().positive().optional(),
  })
  .strict();
export type BuildSettings = z.infer<typeof BuildSettings>;

/** The settings of this machine: defaults, then `build` in `configDir`/config.json, then PACKAGER of the environment. @throws INVALID_INPUT naming the key. */
export function readBuildSettings(configDir: string, env: Env): BuildSettings {
  const read = BuildSettings.safeParse(buildKey(join(configDir, "config.json")));
  if (!read.success) {
    const issue = read.error.issues[0];
    throw fail("INVALID_INPUT", { field: `config.json build.${issue?.path.join(".") ?? ""}`, reason: issue?.message ?? "not usable" });
  }
  return env.PACKAGER ? { ...read.data, packager: env.PACKAGER } : read.data;
}

function buildKey(path: string): unknown {
  try {
    return (JSON.parse(readFileSync(path, "utf8")) as { build?: unknown }).build ?? {};
  } catch (error) {
    if ((error as { code?: string }).code === "ENOENT") return {};
    throw fail("INVALID_INPUT", { field: path, reason: "it is not JSON" }, { cause: error });
  }
}
