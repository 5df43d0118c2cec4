// What the build's shell wrote down for us. A build is somebody else's code: its files are read without following links, small, and checked.
import { closeSync, constants, fstatSync, openSync, readFileSync } from "node:fs";
import { fail } from "../../errors.ts";

export interface BuiltPackage {
  readonly name: string;
  /** What package() filled. */
  readonly directory: string;
  /** Fields of PKGBUILD(5) after the package's function and the architecture's additions. */
  readonly fields: ReadonlyMap<string, readonly string[]>;
}

/** Larger than any honest report. */
const MAX_BYTES = 4 << 20;
const FIELD = /^[a-z]+$/;
/** They become a file's name, and a function may have set them to anything. Source: lint_pkgbuild's pkgver.sh, pkgrel.sh, epoch.sh. */
const VERSION_PARTS = { pkgver: /^[^\s/:-]+$/, pkgrel: /^\d+(\.\d+)?$/, epoch: /^\d*$/ };

/** The report of one package: name, count and values of each field, each ended by NUL. @throws RECIPE_REFUSED when it is none. */
export function readPackage(name: string, directory: string, file: string): BuiltPackage {
  const words = readOwn(file)?.split("\0") ?? [];
  const fields = new Map<string, readonly string[]>();
  let at = 0;
  while (at < words.length - 1) {
    const [field, count] = [words[at] ?? "", Number(words[at + 1])];
    if (!FIELD.test(field) || !Number.isSafeInteger(count) || count < 0 || at + 2 + count >= words.length) throw unreadable(name);
    fields.set(field, words.slice(at + 2, at + 2 + count));
    at += 2 + count;
  }
  for (const [field, form] of Object.entries(VERSION_PARTS)) if (!form.test(fields.get(field)?.[0] ?? "")) throw unreadable(name);
  return { name, directory, fields };
}

function unreadable(name: string) {
  return fail("RECIPE_REFUSED", { file: "PKGBUILD", reason: `the package function of ${name} left no readable report` });
}

/** The first line of a report, when it is a function's name. */
export function readWord(file: string): string | undefined {
  return /^[\w.@+-]{1,200}$/.exec(readOwn(file)?.split("\n")[0] ?? "")?.[0];
}

function readOwn(file: string): string | undefined {
  let descriptor: number;
  try {
    descriptor = openSync(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch {
    return undefined;
  }
  try {
    const info = fstatSync(descriptor);
    return info.isFile() && info.nlink === 1 && info.size <= MAX_BYTES ? readFileSync(descriptor, "utf8") : undefined;
  } finally {
    closeSync(descriptor);
  }
}
