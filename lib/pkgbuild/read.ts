// Reads a PKGBUILD: statically where its bash is modelled exactly, else by sourcing it in a locked room.
import { readFileSync, realpathSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { fail } from "../errors.ts";
import type { Reading, Surroundings } from "./reading.ts";
import { type Recipe, recipeOf } from "./recipe.ts";
import { sourceRecipe } from "./sourced.ts";
import { readStatically } from "./static.ts";

export interface ReadOptions {
  /** Architecture to read for; this machine's when left out. */
  readonly carch?: string;
  /** `auto` (the default) reads statically and lets bash read only what is not modelled. */
  readonly how?: "static" | "sourced" | "auto";
  /** Settings of makepkg.conf(5) and environment variables that the recipe may look at. */
  readonly env?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

/** Largest recipe that is read. */
export const maxRecipeBytes = 1024 * 1024;

/**
 * Reads the PKGBUILD at `file`. Throws FILE_NOT_FOUND, RECIPE_INVALID for a syntax error of bash, RECIPE_REFUSED for a recipe that makepkg would not
 * source or that breaks a limit (or, with `how: "static"`, is not modelled), CANCELLED when `signal` fires.
 */
export async function readRecipe(file: string, options: ReadOptions = {}): Promise<Recipe> {
  const text = readText(file);
  const carch = options.carch ?? machineArchitecture();
  const around: Surroundings = { carch, startdir: dirname(realpathSync(file)), env: options.env ?? {} };
  const reading = (options.how ?? "auto") === "sourced" ? undefined : readOrRefuse(file, text, around, options.how === "static");
  const signal = options.signal === undefined ? {} : { signal: options.signal };
  return recipeOf(reading ?? (await sourceRecipe(file, around, signal)), { file, carch, text });
}

/** The static reading; nothing when bash has to read the recipe. A syntax error is left to bash to confirm, unless bash may not be asked. */
function readOrRefuse(file: string, text: string, around: Surroundings, only: boolean): Reading | undefined {
  const found = readStatically(text, around);
  if (found.how === "static") return found;
  if (found.how === "refused") throw fail("RECIPE_REFUSED", { file, reason: found.reason }, { data: { reason: found.reason } });
  if (found.how !== "stopped") return undefined;
  const { line, column, reason } = found;
  const data = { line, column, reason };
  if (found.kind === "limit") throw fail("RECIPE_REFUSED", { file, reason: `${reason} (line ${line})` }, { data });
  if (!only) return undefined;
  if (found.kind === "syntax") throw fail("RECIPE_INVALID", { file, line, reason }, { data });
  throw fail("RECIPE_REFUSED", { file, reason: `line ${line}, column ${column}: ${reason} is not read statically` }, { data });
}

/** A recipe is small and on this disk: reading it at once costs less than waiting for it. */
function readText(file: string): string {
  const found = statSync(file, { throwIfNoEntry: false });
  if (found === undefined || !found.isFile()) throw fail("FILE_NOT_FOUND", { path: file });
  if (found.size > maxRecipeBytes) throw fail("RECIPE_REFUSED", { file, reason: `it is larger than ${maxRecipeBytes} bytes` });
  const text = readFileSync(file, "utf8");
  if (text.includes("\r")) throw fail("RECIPE_REFUSED", { file, reason: "it contains CRLF characters and cannot be sourced" });
  return text;
}

/** The name that makepkg.conf has for this processor: `x86_64`, `aarch64`. */
function machineArchitecture(): string {
  const names: Partial<Record<NodeJS.Architecture, string>> = { x64: "x86_64", arm64: "aarch64", arm: "armv7h", ia32: "i686" };
  return names[process.arch] ?? process.arch;
}
