// One element of source=(): what it is called, where it comes from. Source of the rules: PKGBUILD(5), libmakepkg/util/source.sh.
import { fail } from "../errors.ts";

const VCS = ["git", "hg", "svn", "bzr", "fossil"] as const;
export type VcsKind = (typeof VCS)[number];
export type SourceKind = "local" | "http" | "file" | "ftp" | "scp" | "rsync" | VcsKind;

/** What a fragment may ask of each kind of repository. Source: extract_git, extract_hg, extract_svn, extract_bzr, extract_fossil. */
const REFERENCES: Readonly<Record<VcsKind, readonly string[]>> = {
  git: ["branch", "tag", "commit"],
  hg: ["branch", "tag", "revision"],
  svn: ["revision"],
  bzr: ["revision"],
  fossil: ["branch", "tag", "commit"],
};
/** Transports that each kind may be reached by; whatever runs a program of the address's choosing (`ext::`) is not among them. */
const TRANSPORTS: Readonly<Record<VcsKind, RegExp>> = {
  git: /^(https?|git|ssh|file):\/\//,
  hg: /^(https?|ssh|file):\/\//,
  svn: /^(https?|svn|svn\+ssh|file):\/\//,
  bzr: /^((https?|bzr|bzr\+ssh|sftp|file):\/\/|lp:)/,
  fossil: /^(https?|ssh|file):\/\//,
};

export interface Source {
  readonly written: string;
  readonly kind: SourceKind;
  /** The name in the source directory; never a path. */
  readonly name: string;
  /** Without `name::`, the `git+` prefix and the fragment; empty for a local file. */
  readonly url: string;
  /** Of a repository: what to check out. */
  readonly ref?: { readonly type: "branch" | "tag" | "commit" | "revision"; readonly name: string };
  /** `?signed`: tag or commit must carry a signature of a key in validpgpkeys. */
  readonly isSigned: boolean;
}

/**
 * Reads an element of source=().
 * @throws RECIPE_REFUSED for a protocol that rbee does not speak, a name that is a path, or anything that a program could take for an option.
 */
export function parseSource(written: string): Source {
  const address = afterName(written);
  const kind = kindOf(address, written);
  const url = isVcs(kind) ? vcsUrl(address, kind, written) : kind === "local" ? "" : address;
  const name = written.includes("::") ? written.slice(0, written.indexOf("::")) : nameFrom(written, kind);
  if (!isPlainName(name)) throw refused(written, `"${name}" is not a plain file name`);
  refuseOptions(url, written);
  const { ref, isSigned } = isVcs(kind) ? parseFragment(address, kind, written) : { ref: undefined, isSigned: false };
  return { written, kind, name, url, isSigned, ...(ref ? { ref } : {}) };
}

export function isVcs(kind: SourceKind): kind is VcsKind {
  return (VCS as readonly string[]).includes(kind);
}

function afterName(written: string): string {
  const at = written.indexOf("::");
  return at >= 0 ? written.slice(at + 2) : written;
}

/** get_protocol: what stands before `://`, up to a `+`; `bzr+lp:` has no slashes. */
function kindOf(address: string, written: string): SourceKind {
  const protocol = /^([a-z][a-z0-9.-]*)(\+[a-z0-9.+-]+)?:\/\//i.exec(address)?.[1]?.toLowerCase() ?? /^(bzr)\+lp:/.exec(address)?.[1];
  if (protocol === undefined && /^[a-z0-9+]+::/i.test(address)) throw refused(written, "it names a helper program");
  switch (protocol) {
    case undefined:
      return "local";
    case "http":
    case "https":
      return "http";
    case "ftp":
    case "ftps":
      return "ftp";
    case "file":
    case "scp":
    case "rsync":
      return protocol;
    default:
      if (isVcs(protocol as SourceKind)) return protocol as VcsKind;
      throw refused(written, `the protocol ${protocol}:// is not supported`);
  }
}

/** The address that the program gets: `svn+ssh` and `bzr+ssh` are protocols of their own, other prefixes go. */
function vcsUrl(address: string, kind: VcsKind, written: string): string {
  const bare = address.replace(/[#].*$/, "").replace(kind === "git" || kind === "fossil" ? /\?.*$/ : /\?signed$/, "");
  const url = /^(svn|bzr)\+ssh/.test(bare) ? bare : bare.replace(new RegExp(`^${kind}\\+`, "i"), "");
  if (!TRANSPORTS[kind].test(url)) throw refused(written, `${kind} may not be reached that way`);
  return url;
}

/** get_filename. */
function nameFrom(written: string, kind: SourceKind): string {
  if (kind === "local") return written;
  if (!isVcs(kind)) return written.slice(written.lastIndexOf("/") + 1);
  const path = written.replace(/#.*$/, "").replace(/\?.*$/, "").replace(/\/$/, "");
  const name = path.slice(path.lastIndexOf("/") + 1);
  if (kind === "git") return name.replace(/\.git.*$/, "");
  if (kind === "bzr") return name.replace(/^.*?lp:/, "");
  return kind === "fossil" ? `${name}.fossil` : name;
}

/** get_uri_fragment and get_uri_query: `#tag=v1?signed` and `?signed#tag=v1` say the same. */
function parseFragment(address: string, kind: VcsKind, written: string): Pick<Source, "isSigned"> & { ref: Source["ref"] } {
  const fragment = /#(.*)$/.exec(address)?.[1]?.replace(/\?[^?]*$/, "");
  const isSigned = /\?([^#?]*)/.exec(address)?.[1] === "signed";
  if (isSigned && kind !== "git") throw refused(written, "only git sources can be signed");
  if (fragment === undefined || fragment === "") return { ref: undefined, isSigned };
  const [, type, name] = /^([a-z]+)=(.+)$/.exec(fragment) ?? [];
  if (!type || !name || !REFERENCES[kind].includes(type))
    throw refused(written, `"#${fragment}" is not ${REFERENCES[kind].map((each) => `${each}=`).join(", ")}`);
  if (name.startsWith("-") || /[\s\p{Cc}]/u.test(name)) throw refused(written, "a program could take it for an option");
  return { ref: { type: type as NonNullable<Source["ref"]>["type"], name }, isSigned };
}

function isPlainName(name: string): boolean {
  return name !== "" && name !== "." && name !== ".." && !name.startsWith("-") && !/[/\p{Cc}]/u.test(name);
}

/** A host, user or path that begins with a dash is an option to ssh, scp or rsync (CVE-2017-1000117 and its kin). */
function refuseOptions(url: string, written: string): void {
  const isOption = url.startsWith("-") || /:\/\/([^/]*@)?-/.test(url) || /^scp:\/\/[^/:]*[/:]-/.test(url);
  if (isOption || /[\s\p{Cc}]/u.test(url) || /--upload-pack|--receive-pack/.test(url))
    throw refused(written, "a program could take it for an option");
}

function refused(written: string, reason: string) {
  return fail("RECIPE_REFUSED", { file: "PKGBUILD", reason: `source "${written}": ${reason}` });
}
