// The environment of a build: what its tools need to find programs, certificates, proxies and registries, and no credential.
import type { Env } from "../../paths.ts";

/** Variables that are handed on. */
const HANDED_ON =
  /^(PATH|LANG|LC_\w+|TZ|(https?|no|all|ftp)_proxy|SSL_CERT_\w+|NIX_SSL_CERT_FILE|GIT_SSL_\w+|\w*CA_BUNDLE|NODE_EXTRA_CA_CERTS|CARGO_(HTTP|NET|REGISTRIES|REGISTRY|SOURCE|BUILD|PROFILE|TERM)_\w+|RUSTUP_(DIST_SERVER|UPDATE_ROOT|TOOLCHAIN)|GO(PROXY|FLAGS|SUMDB|NOSUMDB|NOPROXY|PRIVATE|INSECURE|TOOLCHAIN)|(npm|bun|yarn)_config_\w+|PIP_\w+|UV_\w+|PYENV_VERSION|CUDA_(HOME|PATH)|ROCM_(HOME|PATH)|JAVA_HOME)$/i;
/** Never handed on: secrets, and places in the home that a build does not have. */
const KEPT_BACK =
  /token|password|passwd|secret|_auth|credential|_key$|^(npm_config_(userconfig|prefix|cache|globalconfig)|PIP_(CONFIG_FILE|CACHE_DIR|TARGET|USER|PREFIX)|UV_CACHE_DIR|CARGO_BUILD_TARGET_DIR)$/i;

/** Transports of git that run no program of the address's choosing. */
export const GIT_PROTOCOLS = "https:http:git:ssh:file";

export interface Ground {
  readonly toolsDir: string;
  readonly tmpDir: string;
  readonly userName: string;
  /** Variables of the fresh home. */
  readonly home: Readonly<Record<string, string>>;
  readonly extra: Readonly<Record<string, string>>;
}

/** makepkg(8) leaves a person's whole environment to a build; this is the part of it that builds need. `toolsDir` comes first on PATH. */
export function buildEnv(env: Env, { toolsDir, tmpDir, userName, home, extra }: Ground): Record<string, string> {
  const kept = Object.entries(env).filter((pair): pair is [string, string] => pair[1] !== undefined && isHandedOn(pair[0], pair[1]));
  const inherited = Object.fromEntries(kept);
  return {
    ...inherited,
    PATH: `${toolsDir}:${inherited.PATH ?? "/usr/local/bin:/usr/bin:/bin"}`,
    TERM: "dumb",
    // Submodules that prepare() fetches obey the rules of sources: no helper program of an address's choosing. Source: git(1).
    GIT_ALLOW_PROTOCOL: GIT_PROTOCOLS,
    GIT_TERMINAL_PROMPT: "0",
    TMPDIR: tmpDir,
    USER: userName,
    LOGNAME: userName,
    ...home,
    ...extra,
  };
}

function isHandedOn(name: string, value: string): boolean {
  return HANDED_ON.test(name) && !KEPT_BACK.test(name) && !value.includes("\0");
}
