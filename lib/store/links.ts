// The links in a prefix's bin directory: those that lead into our trees are ours, anything else is left alone.
import { existsSync, lstatSync, mkdirSync, readdirSync, readlinkSync, renameSync, rmSync, symlinkSync } from "node:fs";
import { basename, dirname, join, relative, resolve } from "node:path";
import { partialName, syncDirectory } from "../atomic.ts";
import type { InstalledVersion } from "../contract/views.ts";
import { fail } from "../errors.ts";
import { containedPath, isInside } from "../paths.ts";
import type { Layout } from "./layout.ts";

export function linkPath({ bin }: Layout, binaryName: string): string {
  return containedPath(bin, binaryName);
}

/** The program in a version's own tree, where the link leads. */
export function programOf({ tree, entry }: Pick<InstalledVersion, "tree" | "entry">): string {
  return join(tree, "bin", entry.binary_name);
}

export function isOurs({ workers }: Layout, link: string): boolean {
  if (!lstatSync(link, { throwIfNoEntry: false })?.isSymbolicLink()) return false;
  return isInside(workers, linkTarget(link));
}

/** @throws FOREIGN_FILE when something that is not a link of ours stands where the worker's link would go. */
export function requireOurs(layout: Layout, link: string): void {
  if (lstatSync(link, { throwIfNoEntry: false }) && !isOurs(layout, link)) throw fail("FOREIGN_FILE", { path: link });
}

/** Points the version's link at its program, in one step. */
export function switchLink(version: Pick<InstalledVersion, "tree" | "entry" | "binary">): void {
  const link = version.binary;
  mkdirSync(dirname(link), { recursive: true });
  const partial = join(dirname(link), partialName(`.${basename(link)}`));
  symlinkSync(relative(dirname(link), programOf(version)), partial);
  renameSync(partial, link);
  syncDirectory(dirname(link));
}

/** Points a link at its version again, unless somebody put something else there. */
export function restoreLink(layout: Layout, version: InstalledVersion): void {
  const isAbsent = lstatSync(version.binary, { throwIfNoEntry: false }) === undefined;
  if (isAbsent || isOurs(layout, version.binary)) switchLink(version);
}

/** Removes a link, if it is ours. */
export function removeLink(layout: Layout, link: string): void {
  if (isOurs(layout, link)) rmSync(link, { force: true });
}

/** Removes our links that lead nowhere, and tells which. */
export function removeDeadLinks(layout: Layout): string[] {
  const { bin } = layout;
  if (!existsSync(bin)) return [];
  const dead = readdirSync(bin)
    .map((name) => join(bin, name))
    .filter((link) => isOurs(layout, link) && !existsSync(link));
  for (const link of dead) rmSync(link, { force: true });
  return dead.map((link) => `removed the dead link ${link}`);
}

export function linkTarget(link: string): string {
  return resolve(dirname(link), readlinkSync(link));
}
