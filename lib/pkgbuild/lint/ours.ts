// rbee's own rules: what makepkg accepts and somebody who builds a recipe of a stranger should know. All of them are warnings, save a missing sum.

import { functionLines } from "../positions.ts";
import { type Recipe, valuesOf } from "../recipe.ts";
import { hashAlgorithms } from "../schema.ts";
import { everyValue, type Problem, problem, type Rule } from "./problem.ts";
import type { RuleCode } from "./rules.ts";

const warning = { severity: "warning" } as const;

const versioned = /^(git|hg|svn|bzr|fossil)(?:\+|:)/;

/** The address of a source entry, without the `name::` before it (PKGBUILD(5), source). */
const addressOf = (entry: string) => entry.replace(/^(?:(?!:\/\/).)*?::/, "");

/** Fields of sources with their sums, one per architecture. */
function* sourceFields(recipe: Recipe): Iterable<{ field: string; entries: string[]; sums: string[][] }> {
  for (const suffix of ["", ...recipe.arch.map((name) => `_${name}`)]) {
    const values = (name: string) => valuesOf(recipe.variables.get(name + suffix));
    const sums = hashAlgorithms.map((name) => values(`${name}sums`)).filter((list) => list.length > 0);
    yield { field: `source${suffix}`, entries: values("source").map(addressOf), sums };
  }
}

function* unpinned(recipe: Recipe): Iterable<Problem> {
  for (const { field, entries } of sourceFields(recipe))
    for (const entry of entries)
      if (versioned.test(entry) && !/#(?:commit|tag|revision)=/.test(entry))
        yield problem(recipe, "unpinned_source", field, `${entry} names no commit or tag: it is another program tomorrow`, warning);
}

function* plainHttp(recipe: Recipe): Iterable<Problem> {
  for (const { field, entries } of sourceFields(recipe))
    for (const entry of entries)
      if (/^(?:\w+\+)?(?:http|ftp):\/\//.test(entry))
        yield problem(recipe, "http_source", field, `${entry} comes over an open line`, warning);
}

const signature = /\.(?:sig|sign|asc)$/;

function* skipped(recipe: Recipe): Iterable<Problem> {
  for (const { field, entries, sums } of sourceFields(recipe))
    for (const [index, entry] of entries.entries()) {
      const skips = sums.length === 0 || sums.every((list) => (list[index] ?? "SKIP") === "SKIP");
      if (skips && entry.includes("://") && !versioned.test(entry) && !signature.test(entry.replace(/[?#].*/, "")))
        yield problem(recipe, "skipped_sum", field, `${entry} is downloaded and has no checksum`, warning);
    }
}

const weak = ["cksums", "md5sums", "sha1sums"];

function* weakSums(recipe: Recipe): Iterable<Problem> {
  const given = hashAlgorithms
    .map((name) => `${name}sums`)
    .filter((name) => valuesOf(recipe.variables.get(name)).some((sum) => sum !== "SKIP"));
  const [first] = given;
  if (first !== undefined && given.every((name) => weak.includes(name)))
    yield problem(recipe, "weak_sums", first, `only ${given.join(" and ")}: another file with the same sum can be made`, warning);
}

function* installScript(recipe: Recipe): Iterable<Problem> {
  for (const { value, ...where } of everyValue(recipe, ["install"], "string"))
    if (value !== "")
      yield problem(recipe, "install_script", "install", `${value} is an install= script, which rbee never runs`, { ...warning, ...where });
}

const at = (recipe: Recipe, line: number, column: number, code: RuleCode, message: string): Problem => ({
  ...{ file: recipe.file, line, column, code, message },
  severity: "warning",
});

/** `sudo` in any function; a path of the machine itself as a target in package(). */
export function textProblems(recipe: Recipe): Problem[] {
  return [...functionLines(recipe.text)].flatMap(({ line, text: code, name }) => {
    const sudo = /(?:^|[\s;&|(])sudo\s/.exec(code);
    const absolute = /^package/.test(name)
      ? /(?:^|[\s;&|])(?:install|cp|mv|ln|mkdir|touch|rm|chmod|chown)\s[^#]*\s["']?(\/(?:usr|etc|opt|var|bin|lib|srv)\/\S*)["']?\s*$/.exec(
          code,
        )
      : null;
    const linked = absolute !== null && /(?:^|\s)ln\s/.test(code);
    return [
      ...(sudo === null ? [] : [at(recipe, line, code.indexOf("sudo", sudo.index) + 1, "sudo", `${name}() calls sudo`)]),
      ...(absolute === null || linked
        ? []
        : [
            at(
              recipe,
              line,
              code.indexOf(absolute[1] ?? "", absolute.index) + 1,
              "absolute_path",
              `${name}() writes to ${absolute[1]} of the machine itself`,
            ),
          ]),
    ];
  });
}

export const ourRules: readonly Rule[] = [unpinned, plainHttp, skipped, weakSums, installScript];
