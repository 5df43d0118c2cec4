// A container as CI systems give them, made with bubblewrap: a read-only root, one writable directory, no home, no account, no terminal.
import { existsSync, mkdirSync } from "node:fs";
import { root, tinyModel } from "./harness.ts";

export interface ContainerOptions {
  /** The root file system; default this machine's, without its homes. */
  readonly rootDirectory?: string;
  /** The one directory that can be written; it is at `/box` inside. */
  readonly writable: string;
  readonly uid: number;
  readonly rbee: string;
  readonly env?: Readonly<Record<string, string>>;
  /** The command; rbee is on PATH, the tiny model is /media/model.gguf. */
  readonly script: string;
}

/** Only root can become another user in there; bubblewrap may be forbidden. */
export const canContain =
  process.platform === "linux" &&
  process.getuid?.() === 0 &&
  Bun.which("bwrap") !== null &&
  Bun.which("setpriv") !== null &&
  Bun.spawnSync(["bwrap", "--ro-bind", "/", "/", "--unshare-pid", "true"], { stderr: "ignore" }).exitCode === 0;

/** Runs the script to its end; `shared` are certificates and name servers, without which nothing can be fetched. */
export function runContained({ rootDirectory, writable, uid, rbee, env = {}, script }: ContainerOptions) {
  const become = uid === 0 ? [] : ["setpriv", `--reuid=${uid}`, `--regid=${uid}`, "--clear-groups"];
  const variables = { PATH: "/tools:/usr/local/bin:/usr/bin:/bin", ...certificates(), ...env };
  const command = [
    "bwrap",
    ...layers(rootDirectory),
    ...["--proc", "/proc", "--dev", "/dev", "--unshare-pid", "--unshare-ipc", "--die-with-parent"],
    ...["--ro-bind", rbee, "/tools/rbee", "--ro-bind", tinyModel, "/media/model.gguf", "--bind", writable, "/box"],
    ...["--remount-ro", "/", "--clearenv", ...Object.entries(variables).flatMap(([name, value]) => ["--setenv", name, value])],
    ...["--chdir", "/", ...become, "sh", "-c", script],
  ];
  const { exitCode, stdout, stderr } = Bun.spawnSync(command, { cwd: root, stdin: "ignore", stdout: "pipe", stderr: "pipe" });
  return { code: exitCode, stdout: stdout.toString(), stderr: stderr.toString() };
}

/** An empty root with what a system is made of bound into it, so that places for our own can be made there. */
function layers(rootDirectory: string | undefined): string[] {
  const from = (path: string) => `${rootDirectory ?? ""}${path}`;
  const system = ["/usr", "/bin", "/sbin", "/lib", "/lib64", "/etc"].filter((path) => existsSync(from(path)));
  const bound = system.flatMap((path) => ["--ro-bind", from(path), path]);
  const shared = ["/etc/resolv.conf", "/etc/ssl"].filter((path) => rootDirectory !== undefined && existsSync(path));
  // What is bound in needs a place there; a smallest system may have none.
  if (shared.includes("/etc/ssl")) mkdirSync(from("/etc/ssl"), { recursive: true });
  const ours = ["/tools", "/media", "/box", "/tmp", "/run", "/var", "/home", "/root"].flatMap((path) => ["--perms", "0755", "--dir", path]);
  return ["--perms", "0755", "--tmpfs", "/", ...ours, ...bound, ...shared.flatMap((path) => ["--ro-bind", path, path])];
}

/** Where this machine keeps its certificates, when its environment says so. */
function certificates(): Record<string, string> {
  const names = ["SSL_CERT_FILE", "SSL_CERT_DIR", "NODE_EXTRA_CA_CERTS"];
  return Object.fromEntries(names.flatMap((name) => (process.env[name] ? [[name, process.env[name]]] : [])));
}
