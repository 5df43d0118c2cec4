// Sources that are repositories: one mirror for each address in the cache, a working copy of what is wanted in the source directory.
// Source: PKGBUILD(5), USING VCS SOURCES; libmakepkg/source/{git,hg,svn,bzr,fossil}.sh.
import { cpSync, existsSync, mkdirSync, renameSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Shell } from "zx";
import { partialName } from "../../atomic.ts";
import { fail } from "../../errors.ts";
import { digestOf } from "../../hash.ts";
import { waitForLock } from "../../lock.ts";
import { removeTree } from "../../tree.ts";
import type { Source, VcsKind } from "../source.ts";
import { type FetchContext, fetchShell, fromElsewhere, orUnavailable, ownFilesOf, requireProgram } from "./context.ts";
import { requireShareable } from "./own-files.ts";
import { verifyGit } from "./signature.ts";

/** What one kind of repository needs. Every address and name stands behind `--` or inside `--option=`. */
interface Vcs {
  readonly program: string;
  readonly packageName?: string;
  /** Makes the mirror at a path that does not exist yet. */
  clone($: Shell, source: Source, mirror: string): Promise<unknown>;
  /** True when the mirror has what is wanted, and what is wanted never changes. */
  has?($: Shell, source: Source, mirror: string): Promise<boolean>;
  update($: Shell, source: Source, mirror: string): Promise<unknown>;
  /** Puts what is wanted into `target`, which does not exist. */
  checkOut($: Shell, source: Source, mirror: string, target: string): Promise<unknown>;
}

const git: Vcs = {
  program: "git",
  clone: ($, { url }, mirror) => $`git clone --mirror --quiet -- ${url} ${mirror}`,
  has: async ($, { ref }, mirror) =>
    ref?.type === "commit" && (await $({ nothrow: true })`git -C ${mirror} cat-file -e ${`${ref.name}^{commit}`}`).exitCode === 0,
  update: ($, _, mirror) => $`git -C ${mirror} fetch --all --prune --quiet`,
  checkOut: async ($, source, mirror, target) => {
    if (source.ref?.type === "tag") await refuseForgedTag($, source, mirror);
    // No hard links: the build must not be able to change the mirror's files.
    await $`git -c core.hooksPath=/dev/null clone --quiet --no-hardlinks --no-checkout -- ${mirror} ${target}`;
    await $`git -C ${target} -c core.hooksPath=/dev/null checkout --quiet --force --no-track -B makepkg ${gitName(source)} --`;
  },
};

function gitName({ ref }: Source): string {
  if (!ref) return "origin/HEAD";
  return ref.type === "branch" ? `origin/${ref.name}` : ref.type === "tag" ? `refs/tags/${ref.name}` : ref.name;
}

/** An annotated tag says its own name; one that was moved under another name is a forgery (extract_git). */
async function refuseForgedTag($: Shell, { ref, url }: Source, mirror: string): Promise<void> {
  const { stdout } = await $`git -C ${mirror} tag --list ${"--format=%(tag)"} ${ref!.name}`;
  const name = stdout.trim();
  if (name !== "" && name !== ref!.name)
    throw fail("SOURCE_UNAVAILABLE", { url, reason: `the git tag ${ref!.name} is forged: it says it is ${name}` });
}

/** Subrepositories are addresses that nobody checked: they stay out. */
const HG_SAFE = ["--config", "subrepos.allowed=false", "--config", "ui.ssh=ssh -o BatchMode=yes"];

const hg: Vcs = {
  program: "hg",
  packageName: "mercurial",
  clone: ($, { url }, mirror) => $`hg ${HG_SAFE} clone -q -U -- ${url} ${mirror}`,
  update: ($, _, mirror) => $`hg ${HG_SAFE} -R ${mirror} pull -q`,
  checkOut: async ($, { ref }, mirror, target) => {
    const hasAt = (await $({ nothrow: true })`hg -R ${mirror} identify -r @`).exitCode === 0;
    const name = ref?.name ?? (hasAt ? "@" : "default");
    await $`hg ${HG_SAFE} clone -q --pull ${`--updaterev=${name}`} -- ${mirror} ${target}`;
  },
};

/** Externals are addresses that nobody checked: they stay out. */
const svn: Vcs = {
  program: "svn",
  packageName: "subversion",
  clone: ($, source, mirror) =>
    $`svn checkout -q --non-interactive --ignore-externals ${`--revision=${svnRevision(source)}`} -- ${source.url}@ ${mirror}`,
  update: ($, source, mirror) => $`svn update -q --non-interactive --ignore-externals ${`--revision=${svnRevision(source)}`} -- ${mirror}`,
  checkOut: async (_, __, mirror, target) => cpSync(mirror, target, { recursive: true, verbatimSymlinks: true, preserveTimestamps: true }),
};

function svnRevision({ ref }: Source): string {
  return ref?.name ?? "HEAD";
}

const bzr: Vcs = {
  program: "bzr",
  clone: ($, { url }, mirror) => $`bzr branch -q --no-tree -- ${url} ${mirror}`,
  update: ($, { url }, mirror) => $`bzr pull -q -d ${mirror} -- ${url}`,
  checkOut: ($, { ref }, mirror, target) => $`bzr checkout -q ${`--revision=${ref?.name ?? "last:1"}`} -- ${mirror} ${target}`,
};

const fossil: Vcs = {
  program: "fossil",
  clone: ($, { url }, mirror) => $`fossil clone ${url} ${mirror}`,
  update: ($, _, mirror) => $`fossil pull -R ${mirror}`,
  checkOut: async ($, { ref }, mirror, target) => {
    mkdirSync(target);
    await $`cd ${target} && fossil open ${mirror} >/dev/null && fossil update ${ref?.name ?? "tip"} >/dev/null`;
  },
};

const KINDS: Readonly<Record<VcsKind, Vcs>> = { git, hg, svn, bzr, fossil };

/** @throws DEPENDENCY_MISSING, SOURCE_UNAVAILABLE, NOT_CACHED, RECIPE_REFUSED for a `file:` address that is not allowed, SIGNATURE_INVALID. */
export async function fetchRepository(source: Source, kind: VcsKind, validKeys: readonly string[], context: FetchContext): Promise<void> {
  if (source.url.startsWith("file:")) requireShareableRepository(source, context);
  await withMirror(source, kind, context, async ($, mirror) => {
    if (source.isSigned) await verifyGit(source, mirror, validKeys, context);
    const target = join(context.workshop.srcDir, targetName(source, kind));
    await orUnavailable(source.written, context, () => KINDS[kind].checkOut($, source, mirror, target));
  });
}

/** Programs differ in how they read `%`: there is none, so that all of them mean the directory that was looked at. */
function requireShareableRepository({ url, written }: Source, context: FetchContext): void {
  if (!context.mayReadFiles) throw fromElsewhere(written);
  const path = url.replace(/^file:\/\/(localhost(?=\/))?/, "");
  if (!path.startsWith("/") || path.includes("%"))
    throw fail("RECIPE_REFUSED", { file: "PKGBUILD", reason: `source "${written}": "${path}" is not a plain absolute path` });
  requireShareable(path, written, ownFilesOf(context));
}

type MirrorContext = Pick<FetchContext, "tree" | "env" | "cacheDir" | "isOffline" | "signal" | "onNote">;

/** Brings a repository's mirror up to date and lends it. @throws DEPENDENCY_MISSING, SOURCE_UNAVAILABLE, NOT_CACHED. */
export async function withMirror<Result>(
  source: Source,
  kind: VcsKind,
  context: MirrorContext,
  use: ($: Shell, mirror: string) => Promise<Result>,
): Promise<Result> {
  const vcs = KINDS[kind];
  requireProgram(vcs.program, vcs.packageName);
  const mirror = mirrorPath(source, kind, context);
  mkdirSync(dirname(mirror), { recursive: true });
  using _lock = await waitForLock(`${mirror}.lock`, { signal: context.signal });
  const $ = fetchShell(context, dirname(mirror));
  if (context.isOffline) await requireKept(vcs, source, mirror, $);
  else await orUnavailable(source.url, context, () => renew(vcs, source, mirror, context, $));
  // Awaited here: the lock is held until the mirror is given back.
  return await use($, mirror);
}

/** True when a mirror of the repository is in the cache. */
export function hasMirror(source: Source, kind: VcsKind, context: Pick<FetchContext, "cacheDir">): boolean {
  return existsSync(mirrorPath(source, kind, context));
}

async function requireKept(vcs: Vcs, source: Source, mirror: string, $: Shell): Promise<void> {
  const isKept = existsSync(mirror) && (source.ref?.type !== "commit" || (await vcs.has?.($, source, mirror)) !== false);
  if (!isKept) throw fail("NOT_CACHED", { what: source.written.replace(/^catalog::/, "") });
}

function mirrorPath(source: Source, kind: VcsKind, { cacheDir }: Pick<FetchContext, "cacheDir">): string {
  return join(cacheDir, kind, digestOf(mirrorKey(source, kind)).slice(0, 32));
}

/** A checkout of subversion holds one revision only. */
function mirrorKey(source: Source, kind: VcsKind): string[] {
  return kind === "svn" ? [source.url, svnRevision(source)] : [source.url];
}

function targetName({ name }: Source, kind: VcsKind): string {
  return kind === "fossil" ? name.replace(/\.fossil$/, "") : name;
}

/** A mirror that cannot be brought up to date is used as it is, so that builds work offline; makepkg warns and goes on as well. */
async function renew(vcs: Vcs, source: Source, mirror: string, context: MirrorContext, $: Shell): Promise<void> {
  if (!existsSync(mirror)) {
    const partial = partialName(mirror);
    try {
      await vcs.clone($, source, partial);
      return renameSync(partial, mirror);
    } finally {
      removeTree(partial);
    }
  }
  if (await vcs.has?.($, source, mirror)) return;
  try {
    await vcs.update($, source, mirror);
  } catch {
    context.signal?.throwIfAborted();
    context.onNote?.(`==> WARNING: Failure while updating ${source.url}; what was fetched before is used`);
  }
}
