// Are the tools here that a recipe wants, in the versions that it wants.

import type { Finding } from "../contract/views.ts";
import { ask } from "../machine/ask.ts";
import { checkDependencies, installCommand, programOf } from "../machine/dependencies.ts";
import { asRoot, fine, problem, warning } from "./finding.ts";

/** Every name of `depends` and `makedepends`, with conditions such as `cmake>=3.20`. Source: PKGBUILD(5). */
export async function checkTools(written: readonly string[], path: string): Promise<Finding[]> {
  const names = [...new Set(written)];
  const { missing, unknown } = checkDependencies(names, path);
  const findings = await Promise.all(names.map((name) => checkTool(name, { missing, unknown, path })));
  if (missing.length > 1)
    findings.push(problem("tools", `${missing.length} tools are missing; all at once:`, asRoot(installCommand(missing))));
  return findings;
}

interface Known {
  readonly missing: readonly string[];
  readonly unknown: readonly string[];
  readonly path: string;
}

async function checkTool(written: string, { missing, unknown, path }: Known): Promise<Finding> {
  const [, name = written, sign, wanted] = /^([^<>=:]+)(<=|>=|<|>|=)?(.*)$/.exec(written) ?? [];
  if (missing.includes(name)) return problem("tools", `${name} is missing`, asRoot(installCommand([name])));
  if (unknown.includes(name)) return warning("tools", `Nobody here can tell whether ${name} is installed`, asRoot(installCommand([name])));
  const version = await versionOf(name, path);
  const words = `${name}${version ? ` ${version}` : " is installed"}`;
  if (!sign || !wanted || !version || holds(version, sign, wanted)) return fine("tools", words);
  return problem("tools", `${words}; the recipe wants ${written}`, asRoot(installCommand([name])));
}

async function versionOf(name: string, path: string): Promise<string | undefined> {
  const program = programOf(name, path);
  return program && /\d+(\.\d+)+/.exec((await ask([program, "--version"])) ?? "")?.[0];
}

function holds(found: string, sign: string, wanted: string): boolean {
  const order = compareNumbers(found, wanted);
  if (order === 0) return sign.includes("=");
  return order < 0 ? sign.startsWith("<") : sign.startsWith(">");
}

/** Compares the dotted numbers of two versions; a number that is not there counts as 0. */
export function compareNumbers(a: string, b: string): number {
  const [left, right] = [a, b].map((text) => (text.match(/\d+/g) ?? []).map(Number)) as [number[], number[]];
  for (let index = 0; index < Math.max(left.length, right.length); index++) {
    const difference = (left[index] ?? 0) - (right[index] ?? 0);
    if (difference !== 0) return Math.sign(difference);
  }
  return 0;
}
