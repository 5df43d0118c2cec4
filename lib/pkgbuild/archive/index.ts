// Writes a package as pacman reads it: .pkg.tar.zst, everything root's, every time the same. Source: create_package in makepkg.
import { createReadStream, createWriteStream, readFileSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { finished } from "node:stream/promises";
import { createZstdCompress, gzipSync } from "node:zlib";
import { type Pack, pack } from "tar-stream";
import { partialName } from "../../atomic.ts";
import { hashInto, makeHasher } from "../../hash.ts";
import { containedPath } from "../../paths.ts";
import type { BuiltPackage } from "../run/report.ts";
import { requireShareable } from "../sources/own-files.ts";
import { byBytes, type Content, contentsOf, sizeOfContents } from "./contents.ts";
import { type About, buildinfo, fullVersion, mtree, packageArch, pkginfo, type Summed } from "./texts.ts";

export type { About } from "./texts.ts";

/**
 * Writes `built` into `directory` and returns the archive's path, named as makepkg names it. Whole or absent.
 * @throws PACKAGE_INVALID for what no package may hold; what the file system says.
 */
export async function writeArchive(built: BuiltPackage, directory: string, about: About, signal?: AbortSignal): Promise<string> {
  const files = contentsOf(built.directory, built.name);
  const own = ownFiles(built, about, sizeOfContents(files));
  const summed = [...[...own].map(([name, text]) => summedText(name, text)), ...(await sums(built.directory, files, signal))];
  own.set(".MTREE", gzipSync(mtree(summed.sort(inOrder), about.epoch), { level: 9 }));
  const path = join(directory, `${built.name}-${fullVersion(built)}-${packageArch(built, about.carch)}.pkg.tar.zst`);
  const partial = partialName(path);
  try {
    await writeTar(partial, own, files, built.directory, about.epoch);
    signal?.throwIfAborted();
    renameSync(partial, path);
  } finally {
    rmSync(partial, { force: true });
  }
  return path;
}

/** The files that are not package()'s; `install` and `changelog` lie beside the PKGBUILD. */
function ownFiles(built: BuiltPackage, about: About, size: number): Map<string, Uint8Array> {
  const own = new Map<string, Uint8Array>();
  own.set(".BUILDINFO", Buffer.from(buildinfo(built, about)));
  own.set(".PKGINFO", Buffer.from(pkginfo(built, about, size)));
  for (const [field, path] of [
    ["changelog", ".CHANGELOG"],
    ["install", ".INSTALL"],
  ] as const) {
    const name = built.fields.get(field)?.[0];
    if (name) own.set(path, readFileSync(requireShareable(containedPath(about.startDir, name), name, about.ownFiles)));
  }
  return own;
}

async function sums(directory: string, files: readonly Content[], signal: AbortSignal | undefined): Promise<Summed[]> {
  const done: Summed[] = [];
  for (const content of files) {
    const hashers = [makeHasher("md5"), makeHasher("sha256")] as const;
    if (content.type === "file") await hashInto(join(directory, content.path), hashers, { signal });
    done.push(content.type === "file" ? { ...content, md5: hashers[0].digest(), sha256: hashers[1].digest() } : content);
  }
  return done;
}

function summedText(path: string, text: Uint8Array): Summed {
  const [md5, sha256] = [makeHasher("md5"), makeHasher("sha256")];
  for (const hasher of [md5, sha256]) hasher.update(text);
  return { path, type: "file", mode: 0o644, size: text.length, md5: md5.digest(), sha256: sha256.digest() };
}

async function writeTar(
  path: string,
  own: ReadonlyMap<string, Uint8Array>,
  files: readonly Content[],
  from: string,
  epoch: number,
): Promise<void> {
  const tar = pack();
  const plain = new PassThrough();
  const file = createWriteStream(path, { flags: "wx" });
  tar.on("data", (bytes) => {
    if (!plain.write(bytes as Uint8Array)) tar.pause();
  });
  plain.on("drain", () => tar.resume());
  tar.on("end", () => plain.end());
  const written = finished(plain.pipe(createZstdCompress()).pipe(file));
  const texts = [...own].map(([name, text]) => ({ path: name, type: "file" as const, mode: 0o644, size: text.length }));
  for (const content of [...texts, ...files].sort(inOrder))
    await add(tar, content, epoch, own.get(content.path) ?? join(from, content.path));
  tar.finalize();
  await written;
}

function inOrder(a: Content, b: Content): number {
  return byBytes(a.path, b.path);
}

/** `what` is a text, or the path of a file. */
function add(tar: Pack, { path, type, mode, size, target, sameAs }: Content, epoch: number, what: Uint8Array | string): Promise<void> {
  const owner = { uid: 0, gid: 0, uname: "root", gname: "root", mtime: new Date(epoch * 1000), mode };
  return new Promise((resolve, reject) => {
    const done = (error?: Error | null) => (error ? reject(error) : resolve());
    if (type === "dir") tar.entry({ ...owner, name: `${path}/`, type: "directory" }, done);
    else if (type === "link") tar.entry({ ...owner, name: path, type: "symlink", linkname: target! }, done);
    else if (sameAs) tar.entry({ ...owner, name: path, type: "link", linkname: sameAs }, done);
    else if (typeof what !== "string") tar.entry({ ...owner, name: path, type: "file", size }, Buffer.from(what), done);
    else {
      const entry = tar.entry({ ...owner, name: path, type: "file", size }, done);
      createReadStream(what)
        .on("error", reject)
        .on("data", (bytes) => entry.write(bytes))
        .on("end", () => entry.end(undefined));
    }
  });
}
