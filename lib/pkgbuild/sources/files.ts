// Sources that are files: beside the PKGBUILD, on the web, or wherever curl, scp and rsync reach. Kept in the cache by what they are.
import { constants, copyFileSync, existsSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { partialName } from "../../atomic.ts";
import { download } from "../../download.ts";
import { fail, RbeeError } from "../../errors.ts";
import { digestOf } from "../../hash.ts";
import { waitForLock } from "../../lock.ts";
import { containedPath } from "../../paths.ts";
import { compare, findMismatch, identityOf, type Mismatch, type Sum } from "../integrity.ts";
import type { Source } from "../source.ts";
import { type FetchContext, fetchShell, fromElsewhere, orUnavailable, ownFilesOf, requireProgram } from "./context.ts";
import { requireShareable } from "./own-files.ts";

/** A local source: copied into the source directory, so that a build can change its copy only. @throws SOURCE_UNAVAILABLE, CHECKSUM_MISMATCH, UNSAFE_PATH. */
export async function fetchLocal(source: Source, sums: readonly Sum[], context: FetchContext): Promise<void> {
  const beside = containedPath(context.workshop.startDir, source.name);
  if (!existsSync(beside)) throw fail("SOURCE_UNAVAILABLE", { url: source.name, reason: "there is no such file beside the PKGBUILD" });
  const file = requireShareable(beside, source.written, ownFilesOf(context));
  const mismatch = await findMismatch(file, sums, context);
  if (mismatch) throw mismatch(source.name, file);
  place(file, source, context);
}

/**
 * A source from elsewhere. A cached file with the right sums is taken; one whose sums no longer match, or that has none, is fetched
 * again, once. @throws SOURCE_UNAVAILABLE, DEPENDENCY_MISSING, CHECKSUM_MISMATCH; the bad file is kept under the path that the error names.
 */
export async function fetchFile(source: Source, sums: readonly Sum[], context: FetchContext): Promise<void> {
  if (existsSync(join(context.workshop.startDir, source.name))) return fetchLocal(source, sums, context);
  const cached = cachePath(source, sums, context);
  using _lock = await waitForLock(`${cached}.lock`, { signal: context.signal });
  if (!(await isGood(cached, sums, context))) {
    const mismatch = await transfer(source, sums, cached, context);
    if (mismatch) {
      const kept = `${partialName(cached).replace(".rbee-part-", ".")}.bad`;
      renameSync(cached, kept);
      throw mismatch(source.name, kept);
    }
  }
  place(cached, source, context);
}

/** True when nothing has to be fetched for the source. */
export async function isCached(source: Source, sums: readonly Sum[], context: FetchContext): Promise<boolean> {
  return existsSync(join(context.workshop.startDir, source.name)) || isGood(cachePath(source, sums, context), sums, context);
}

/** Without sums nobody can tell whether a file is the right one: it is fetched anew wherever that may be done. */
async function isGood(cached: string, sums: readonly Sum[], context: FetchContext): Promise<boolean> {
  if (!existsSync(cached)) return false;
  return sums.length > 0 ? !(await findMismatch(cached, sums, context)) : context.isOffline === true;
}

/** The sum names the file where there is a strong one: the same file from two addresses is one. */
function cachePath(source: Source, sums: readonly Sum[], context: FetchContext): string {
  const identity = identityOf(sums);
  const key = identity ? `${identity.kind}-${identity.value.replace(/[^0-9a-f]/g, "")}` : digestOf([source.url]);
  return join(context.cacheDir, "files", key.slice(0, 80), source.name);
}

async function transfer(source: Source, sums: readonly Sum[], path: string, context: FetchContext): Promise<Mismatch | undefined> {
  if (context.isOffline) throw fail("NOT_CACHED", { what: source.name });
  const onProgress = (done: number, total: number | null) => context.onProgress?.({ what: source.name, done, total, unit: "bytes" });
  if (source.kind === "http") {
    const found = await download(source.url.replace(/#.*$/, ""), path, {
      onProgress,
      hashes: sums.map(({ hash }) => hash),
      signal: context.signal,
    });
    return compare(sums, found);
  }
  mkdirSync(dirname(path), { recursive: true });
  const partial = `${path}.rbee-part-program`;
  if (source.kind === "file") copyOwn(source, partial, context);
  else await orUnavailable(source.url, context, () => runProgram(source, partial, context));
  // rsync leaves out what is no plain file and calls it a success.
  if (!existsSync(partial)) throw fail("SOURCE_UNAVAILABLE", { url: source.url, reason: "it is no plain file" });
  renameSync(partial, path);
  return findMismatch(path, sums, context);
}

/** Source: DLAGENTS in makepkg.conf(5); every protocol is named, so that no answer leads elsewhere. */
async function runProgram({ kind, url }: Source, partial: string, context: FetchContext): Promise<void> {
  const $ = fetchShell(context, dirname(partial));
  if (kind === "ftp") {
    requireProgram("curl");
    await $`curl -gqfsS --proto =ftp,ftps --proto-redir =ftp,ftps --ftp-pasv --retry 3 --retry-delay 1 -C - -o ${partial} -- ${url}`;
  } else if (kind === "scp") {
    requireProgram("scp", "openssh-client");
    await $`scp -q -C -o BatchMode=yes -- ${url.replace(/^scp:\/\//, "")} ${partial}`;
  } else {
    requireProgram("rsync");
    rmSync(partial, { force: true });
    await $`rsync --no-motd -z --partial --no-links --no-devices --no-specials -- ${url} ${partial}`;
  }
}

function copyOwn({ url, written }: Source, partial: string, context: FetchContext): void {
  if (!context.mayReadFiles) throw fromElsewhere(written);
  try {
    copyFileSync(requireShareable(fileURLToPath(url), written, ownFilesOf(context)), partial);
  } catch (error) {
    if (error instanceof RbeeError) throw error;
    throw fail("SOURCE_UNAVAILABLE", { url, reason: "there is no such file" }, { cause: error });
  }
}

/** A copy, shared with the original where the file system can: nothing that the build does reaches the cache. */
function place(file: string, source: Source, { workshop }: FetchContext): void {
  copyFileSync(file, join(workshop.srcDir, source.name), constants.COPYFILE_FICLONE);
}
