// One element of source=(): what it is called, where it comes from. Source of the rules: PKGBUILD(5), libmakepkg/util/source.sh.
import { fail } from "../errors.ts";

export type SourceKind = "local" | "http" | "git";

export interface Source {
  readonly written: string;
  readonly kind: SourceKind;
  /** The name in the source directory; never a path. */
  readonly name: string;
  /** Without `name::`, the `git+` prefix and the fragment; empty for a local file. */
  readonly url: string;
  /** Of a git source: what to check out. */
  readonly ref?: { readonly type: "branch" | "tag" | "commit"; readonly name: string };
}

/**
 * Reads an element of source=().
 * @throws RECIPE_REFUSED for a protocol that rbee does not speak, a name that is a path, or anything that a program could take for an option.
 */
export function parseSource(written: string): Source {
  const named = written.indexOf("::");
  const address = named >= 0 ? written.slice(named + 2) : written;
  const protocol = /^([a-z][a-z0-9.+-]*):\/\//i.exec(address)?.[1]?.toLowerCase();
  const kind = kindOf(protocol, written);
  const url = kind === "git" ? address.replace(/^git\+/i, "").replace(/[#?].*$/, "") : kind === "local" ? "" : address.replace(/#.*$/, "");
  const name = named >= 0 ? written.slice(0, named) : nameFrom(address, kind);
  if (!isPlainName(name)) throw refused(written, `"${name}" is not a plain file name`);
  if (url.startsWith("-") || /\/\/-/.test(url)) throw refused(written, "a program could take it for an option");
  const ref = kind === "git" ? parseRef(address, written) : undefined;
  return { written, kind, name, url, ...(ref ? { ref } : {}) };
}

function kindOf(protocol: string | undefined, written: string): SourceKind {
  if (protocol === undefined) return "local";
  if (protocol === "http" || protocol === "https") return "http";
  if (protocol === "git" || protocol.startsWith("git+")) return "git";
  throw refused(written, `the protocol ${protocol}:// is not supported`);
}

function nameFrom(address: string, kind: SourceKind): string {
  if (kind === "local") return address;
  const path = address.replace(/[#].*$/, "").replace(/\/+$/, "");
  const name = path.slice(path.lastIndexOf("/") + 1);
  return kind === "git" ? name.replace(/\?.*$/, "").replace(/\.git$/, "") : name;
}

function parseRef(address: string, written: string): Source["ref"] {
  const fragment = /#(.*)$/.exec(address)?.[1];
  if (fragment === undefined) return undefined;
  const [, type, name] = /^(branch|tag|commit)=([^?]+)(\?.*)?$/.exec(fragment) ?? [];
  if (!type || !name) throw refused(written, `"#${fragment}" is not branch=, tag= or commit=`);
  if (name.startsWith("-")) throw refused(written, "a program could take it for an option");
  return { type: type as "branch" | "tag" | "commit", name };
}

function isPlainName(name: string): boolean {
  return name !== "" && name !== "." && name !== ".." && !name.startsWith("-") && !/[/\0\n]/.test(name);
}

function refused(written: string, reason: string) {
  return fail("RECIPE_REFUSED", { file: "PKGBUILD", reason: `source "${written}": ${reason}` });
}
