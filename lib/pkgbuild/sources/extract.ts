// Unpacks the archives among the sources, by what they are and not by their names. Source: libmakepkg/source/file.sh, extract_file().
//
// bsdtar turns whatever the archive is into one plain stream; every entry of it is looked at here before a second bsdtar writes it. Both
// run behind the walls of the build with no network, and the second can write to the source directory only.
import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, constants, lstatSync, openSync, readSync } from "node:fs";
import { join } from "node:path";
import { fail } from "../../errors.ts";
import { shell } from "../../shell.ts";
import { type ExtractLimits, type FetchContext, orUnavailable, requireProgram } from "./context.ts";
import { copyChecked } from "./inspect.ts";

/** First bytes of what bsdtar unpacks. Source: the magic database of file(1), libarchive-formats(5). */
const ARCHIVES: readonly (readonly [at: number, hex: string])[] = [
  [257, "7573746172"],
  [0, "504b0304"],
  [0, "504b0506"],
  [0, "377abcaf271c"],
  [0, "526172211a07"],
  [0, "303730373031"],
  [0, "303730373032"],
  [0, "303730373037"],
  [0, "c771"],
  [0, "edabeedb"],
  [0, "213c617263683e0a"],
  [0, "4d534346"],
  [0, "78617221"],
  [32769, "4344303031"],
];
/** Compressed forms: a tar may be inside, which only bsdtar can tell; else they are unpacked when their name says so. */
const COMPRESSED: readonly { readonly hex: string; readonly endings: RegExp; readonly program: readonly string[] }[] = [
  { hex: "1f8b", endings: /\.(gz|z|Z)$/, program: ["gzip", "-dcf"] },
  { hex: "1f9d", endings: /\.(gz|z|Z)$/, program: ["gzip", "-dcf"] },
  { hex: "425a68", endings: /\.(bz2|bz)$/, program: ["bzip2", "-dcf"] },
  { hex: "fd377a585a00", endings: /\.xz$/, program: ["xz", "-dcf"] },
  { hex: "28b52ffd", endings: /\.zst$/, program: ["zstd", "-dcf"] },
  { hex: "5d0000", endings: /^$/, program: [] },
  { hex: "04224d18", endings: /^$/, program: [] },
  { hex: "4c5a4950", endings: /^$/, program: [] },
];

const LIMITS: ExtractLimits = { bytes: 64 * 2 ** 30, entries: 1_000_000, ratio: 1_000, freeBytes: 256 * 2 ** 20 };

function limitsOf({ settings }: FetchContext): ExtractLimits {
  const { extract_bytes: bytes, extract_entries: entries, extract_ratio: ratio } = settings;
  return { ...LIMITS, ...(bytes ? { bytes } : {}), ...(entries ? { entries } : {}), ...(ratio ? { ratio } : {}) };
}

/**
 * Extracts a file of the source directory into it; leaves what is not an archive.
 * @throws ARCHIVE_REFUSED for entries that lead out of the directory and for bombs, SOURCE_UNAVAILABLE for an archive that cannot be read,
 * DEPENDENCY_MISSING without bsdtar.
 */
export async function extract(name: string, context: FetchContext): Promise<void> {
  const path = join(context.workshop.srcDir, name);
  const head = firstBytes(path);
  if (head === undefined) return;
  const packed = COMPRESSED.find(({ hex }) => startsWith(head, 0, hex));
  const isArchive = ARCHIVES.some(([at, hex]) => startsWith(head, at, hex)) || looksLikeOldTar(head);
  if (!isArchive && !packed) return;
  requireProgram("bsdtar", "libarchive-tools");
  if (isArchive || (await holdsArchive(name, context))) return unpack(name, lstatSync(path).size, context);
  if (packed?.endings.test(name)) await decompress(name, packed.program, context);
}

/** Nothing for what is no plain file: an archive before this one may have put a link in its place. */
function firstBytes(path: string): Buffer | undefined {
  if (!lstatSync(path, { throwIfNoEntry: false })?.isFile()) return undefined;
  const head = Buffer.alloc(32_800);
  const file = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    return head.subarray(0, readSync(file, head, 0, head.length, 0));
  } finally {
    closeSync(file);
  }
}

function startsWith(head: Buffer, at: number, hex: string): boolean {
  return head.subarray(at, at + hex.length / 2).toString("hex") === hex;
}

/** A tar from before POSIX has no magic word, but its first header's checksum is right (tar(5)). */
function looksLikeOldTar(head: Buffer): boolean {
  if (head.length < 512 || head[0] === 0) return false;
  const written = Number.parseInt(head.subarray(148, 156).toString("latin1").trim(), 8);
  const sum = head.subarray(0, 512).reduce((total, byte, at) => total + (at >= 148 && at < 156 ? 32 : byte), 0);
  return written === sum;
}

/** Behind the walls, without a network, writing to the source directory at most. */
function walled(argv: readonly string[], context: FetchContext): string[] {
  return context.workshop.command(argv, { network: false, orOpen: true });
}

async function holdsArchive(name: string, context: FetchContext): Promise<boolean> {
  const { workshop, tree } = context;
  const $ = shell({ tree, cwd: workshop.srcDir, env: workshop.env });
  const { exitCode } = await $({ nothrow: true })`exec ${walled(["bsdtar", "-tqf", `./${name}`, "*"], context)} > /dev/null`;
  context.signal?.throwIfAborted();
  return exitCode === 0;
}

async function decompress(name: string, program: readonly string[], context: FetchContext): Promise<void> {
  const { workshop, tree } = context;
  const target = name.replace(/\.[^.]*$/, "");
  const { bytes, freeBytes, ratio } = limitsOf(context);
  const most = Math.min(bytes, Math.max(freeBytes, ratio * lstatSync(join(workshop.srcDir, name)).size));
  // One byte more than may be, so that it can be told from what just fits.
  const script = 'out=$1; most=$2; shift 2; rm -f -- "$out"; set -o pipefail; "$@" | head -c $((most + 1)) > "$out"';
  const $ = shell({ tree, cwd: workshop.srcDir, env: workshop.env });
  const command = walled(["bash", "-c", script, "bash", target, String(most), ...program, "--", name], context);
  const failure = await orUnavailable(name, context, () => $`exec ${command}`).then(
    () => undefined,
    (error: unknown) => error,
  );
  if ((lstatSync(join(workshop.srcDir, target), { throwIfNoEntry: false })?.size ?? 0) > most)
    throw fail("ARCHIVE_REFUSED", { file: name, reason: `it unpacks to more than ${most} bytes` });
  if (failure) throw failure;
}

async function unpack(name: string, packedBytes: number, context: FetchContext): Promise<void> {
  const limits = limitsOf(context);
  const reader = start(
    walled(["bsdtar", "--no-acls", "--no-xattrs", "--no-fflags", "-cf", "-", "--format=gnutar", `@./${name}`], context),
    context,
  );
  const writer = start(walled(["bsdtar", "--no-same-owner", "--no-acls", "--no-xattrs", "--no-fflags", "-xf", "-"], context), context);
  try {
    const copy = copyChecked(reader.child.stdout!, writer.child.stdin!, { archive: name, packedBytes, limits });
    // Whoever gives up leaves the other waiting for ever: the first failure ends all.
    await Promise.all([copy, ...[reader, writer].map(succeeded)]);
  } catch (error) {
    reader.child.kill("SIGKILL");
    writer.child.kill("SIGKILL");
    await Promise.all([reader.ended, writer.ended]);
    context.signal?.throwIfAborted();
    if ((error as { name?: string }).name === "RbeeError") throw error;
    const reason = writer.said() || reader.said() || (error as Error).message;
    throw fail("SOURCE_UNAVAILABLE", { url: name, reason: reason.split("\n")[0] || "it cannot be unpacked" }, { cause: error });
  }
}

interface Started {
  readonly child: ChildProcess;
  readonly ended: Promise<number>;
  readonly said: () => string;
}

async function succeeded({ ended, said }: Started): Promise<void> {
  if ((await ended) !== 0) throw new Error(said() || "bsdtar failed");
}

function start(argv: readonly string[], { tree, workshop }: FetchContext): Started {
  const options = { cwd: workshop.srcDir, env: { ...workshop.env, ...tree.env }, detached: true, stdio: "pipe" } as const;
  const child = tree.start(argv, ([program, ...words]) => spawn(program!, words, options));
  let said = "";
  child.stderr.on("data", (bytes: Uint8Array) => {
    if (said.length < 4096) said += Buffer.from(bytes).toString();
  });
  child.stdin.on("error", () => {});
  const ended = new Promise<number>((resolve) => {
    child.once("close", (code) => resolve(code ?? 1));
    child.once("error", () => resolve(127));
  });
  return { child, ended, said: () => said.trim() };
}
