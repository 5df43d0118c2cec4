// git sources: one mirror for each address in the cache, a working copy of the wanted commit in the source directory.
// Source: PKGBUILD(5), USING VCS SOURCES; libmakepkg/source/git.sh.
import { existsSync, renameSync } from "node:fs";
import { join } from "node:path";
import { partialName } from "../../atomic.ts";
import { fail } from "../../errors.ts";
import { digestOf } from "../../hash.ts";
import { waitForLock } from "../../lock.ts";
import { outputOf } from "../../shell.ts";
import { removeTree } from "../../tree.ts";
import type { Source } from "../source.ts";
import type { FetchContext } from "./index.ts";

/** Transports that run no program of the address's choosing; `ext::` and helpers stay shut. Source: git(1), GIT_ALLOW_PROTOCOL. */
const GIT_ENV = { GIT_ALLOW_PROTOCOL: "https:http:git:ssh:file", GIT_TERMINAL_PROMPT: "0" };

export async function fetchGit(source: Source, context: FetchContext): Promise<void> {
  const mirror = join(context.cacheDir, "git", digestOf([source.url]).slice(0, 32));
  using _lock = await waitForLock(`${mirror}.lock`, { signal: context.signal });
  await updateMirror(source, mirror, context);
  await checkOut(source, mirror, context);
}

async function updateMirror(source: Source, mirror: string, context: FetchContext): Promise<void> {
  const $ = context.shell(GIT_ENV);
  try {
    if (existsSync(mirror)) {
      if (await holdsPinnedCommit(source, mirror, context)) return;
      await $`git -C ${mirror} fetch --all --prune --quiet`;
    } else {
      const partial = partialName(mirror);
      try {
        await $`git clone --mirror --quiet -- ${source.url} ${partial}`;
        renameSync(partial, mirror);
      } finally {
        removeTree(partial);
      }
    }
  } catch (error) {
    context.signal?.throwIfAborted();
    throw fail("SOURCE_UNAVAILABLE", { url: source.url, reason: lastLine(outputOf(error)) || "git could not fetch it" }, { cause: error });
  }
}

/** A commit never changes, so a mirror that has it needs no network. */
async function holdsPinnedCommit(source: Source, mirror: string, context: FetchContext): Promise<boolean> {
  if (source.ref?.type !== "commit") return false;
  const { exitCode } = await context.shell(GIT_ENV)({ nothrow: true })`git -C ${mirror} cat-file -e ${`${source.ref.name}^{commit}`}`;
  return exitCode === 0;
}

async function checkOut(source: Source, mirror: string, context: FetchContext): Promise<void> {
  const target = join(context.srcDir, source.name);
  const $ = context.shell(GIT_ENV);
  try {
    await $`git clone --quiet --no-checkout -- ${mirror} ${target}`;
    await $`git -C ${target} checkout --quiet --force --no-track -B makepkg ${refName(source)} --`;
  } catch (error) {
    context.signal?.throwIfAborted();
    throw fail(
      "SOURCE_UNAVAILABLE",
      { url: source.written, reason: lastLine(outputOf(error)) || "git could not check it out" },
      { cause: error },
    );
  }
}

function refName({ ref }: Source): string {
  if (!ref) return "HEAD";
  return ref.type === "branch" ? `origin/${ref.name}` : ref.type === "tag" ? `refs/tags/${ref.name}` : ref.name;
}

function lastLine(text: string): string {
  return text.trim().split("\n").at(-1) ?? "";
}
