// PGP signatures of sources, checked by gpg against a keyring of rbee's own.
// Source: libmakepkg/integrity/verify_signature.sh; the status lines are gnupg's doc/DETAILS.
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { fail } from "../../errors.ts";
import { isVcs, type Source } from "../source.ts";
import { type FetchContext, fetchShell, requireProgram } from "./context.ts";

interface Verdict {
  readonly problem?: string;
  readonly warning?: string;
}

/** Siblings of this form sign the file without the ending. */
const SIGNATURE = /\.(sig|sign|asc)$/;
/** Compressed forms of what a signature may be about: signatures of kernels sign the tar inside. */
const PACKED = ["", ".gz", ".bz2", ".xz", ".zst"] as const;

/**
 * Checks every `.sig`, `.sign` and `.asc` among the sources against its file. Keys are looked up in rbee's keyring, where those beside the
 * PKGBUILD (`keys/pgp/FINGERPRINT.asc`) are added when validpgpkeys names them.
 * @throws SIGNATURE_INVALID naming file and reason; DEPENDENCY_MISSING without gpg.
 */
export async function verifySignatures(sources: readonly Source[], validKeys: readonly string[], context: FetchContext): Promise<void> {
  const signatures = sources.filter((source) => !isVcs(source.kind) && SIGNATURE.test(source.name));
  if (signatures.length === 0) return;
  await openKeyring(validKeys, context);
  for (const { name } of signatures) {
    const signed = PACKED.map((ending) => name.replace(SIGNATURE, "") + ending).find((file) =>
      sources.some((source) => source.name === file),
    );
    if (!signed)
      throw fail("SIGNATURE_INVALID", {
        file: name,
        reason: "the file that it signs is not among the sources",
        keyring: context.keyringDir,
      });
    const status = await gpgVerify(
      join(context.workshop.srcDir, name),
      join(context.workshop.srcDir, signed),
      signed !== name.replace(SIGNATURE, ""),
      context,
    );
    judge(name, readStatus(status, validKeys), context);
  }
}

/** `?signed`: the tag or the commit carries a good signature. */
export async function verifyGit(source: Source, mirror: string, validKeys: readonly string[], context: FetchContext): Promise<void> {
  await openKeyring(validKeys, context);
  const verb = source.ref?.type === "tag" ? "verify-tag" : "verify-commit";
  const name = source.ref?.type === "tag" ? `refs/tags/${source.ref.name}` : (source.ref?.name ?? "HEAD");
  const $ = fetchShell(context, mirror, { GNUPGHOME: context.keyringDir });
  const { stderr, stdout } = await $({ nothrow: true })`git -C ${mirror} -c gpg.program=gpg ${verb} --raw ${name}`;
  const status = stderr + stdout;
  if (!status.includes("NEWSIG"))
    throw fail("SIGNATURE_INVALID", { file: source.name, reason: "there is no signature", keyring: context.keyringDir });
  judge(source.name, readStatus(status, validKeys), context);
}

async function openKeyring(validKeys: readonly string[], context: FetchContext): Promise<void> {
  requireProgram("gpg", "gnupg");
  mkdirSync(context.keyringDir, { recursive: true, mode: 0o700 });
  const $ = fetchShell(context, context.keyringDir, { GNUPGHOME: context.keyringDir });
  for (const key of validKeys.filter((each) => /^[0-9A-F]{40}$/i.test(each))) {
    const file = join(context.workshop.startDir, "keys/pgp", `${key}.asc`);
    if (existsSync(file)) await $({ nothrow: true })`gpg --batch --quiet --no-autostart --import -- ${file}`;
  }
}

/** The lines of --status-fd. The file comes by standard input, unpacked where the signature is about what is inside. */
async function gpgVerify(signature: string, file: string, isPacked: boolean, context: FetchContext): Promise<string> {
  const $ = fetchShell(context, context.keyringDir, { GNUPGHOME: context.keyringDir });
  const unpack = isPacked ? UNPACK[file.slice(file.lastIndexOf("."))]! : ["cat"];
  const { stdout } = await $({
    nothrow: true,
  })`${unpack} < ${file} | gpg --batch --quiet --no-autostart --status-fd 1 --verify -- ${signature} -`;
  context.signal?.throwIfAborted();
  return stdout;
}

const UNPACK: Readonly<Record<string, string[]>> = {
  ".gz": ["gzip", "-dcf"],
  ".bz2": ["bzip2", "-dcf"],
  ".xz": ["xz", "-dc"],
  ".zst": ["zstd", "-dqc"],
};

/** What each line of status decides. Source: parse_gpg_statusfile; a later line overrules an earlier one. */
function readStatus(status: string, validKeys: readonly string[]): Verdict {
  let problem: string | undefined = "there is no signature";
  let warning: string | undefined;
  let fingerprint = "";
  let isTrusted = false;
  for (const line of status.split("\n")) {
    const [, type = "", first = "", ...rest] = line.trim().split(/\s+/);
    if (type === "VALIDSIG") fingerprint = rest[8] ?? first;
    else if (/^TRUST_(MARGINAL|FULLY|ULTIMATE)$/.test(type)) isTrusted = true;
    else if (type in GOOD) [problem, warning] = [undefined, GOOD[type]];
    else if (type === "REVKEYSIG") problem = `the key ${first} has been revoked`;
    else if (type === "BADSIG") problem = `it is not what the key ${first} signed`;
    else if (type === "ERRSIG") problem = rest[4] === "9" ? `the public key ${first} is not known` : "it cannot be checked";
  }
  if (problem) return { problem };
  if (validKeys.length > 0 && !validKeys.some((key) => key.toUpperCase() === fingerprint))
    return { problem: `the key ${fingerprint} is not in validpgpkeys` };
  if (validKeys.length === 0 && !isTrusted) return { problem: `the key ${fingerprint} is not trusted, and validpgpkeys names none` };
  return warning ? { warning } : {};
}

const GOOD: Readonly<Record<string, string | undefined>> = {
  GOODSIG: undefined,
  EXPSIG: "the signature has expired",
  EXPKEYSIG: "the key has expired",
};

function judge(file: string, { problem, warning }: Verdict, context: FetchContext): void {
  if (problem) throw fail("SIGNATURE_INVALID", { file, reason: problem, keyring: context.keyringDir });
  if (warning) context.onNote?.(`==> WARNING: ${file}: ${warning}`);
}
