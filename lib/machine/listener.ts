// Who listens on a port: to prove that an answer came from the process we started, and to say who is in the way.
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { createServer } from "node:net";
import { commandLineOf, listProcesses } from "../process/table.ts";

/** True when a server could listen there now. */
export function isPortFree(port: number, host = "127.0.0.1"): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen({ port, host, exclusive: true }, () => server.close(() => resolve(true)));
  });
}

/** The processes that listen on a TCP port of this machine; undefined where it cannot be known. Source: proc_net(5), proc_pid_fd(5). Linux only. */
export function listenersOn(port: number): number[] | undefined {
  if (process.platform !== "linux") return undefined;
  const inodes = new Set([...listeningInodes("/proc/net/tcp", port), ...listeningInodes("/proc/net/tcp6", port)]);
  if (inodes.size === 0) return [];
  return listProcesses()
    .map(({ pid }) => pid)
    .filter((pid) => hasSocket(pid, inodes));
}

/** ` by nginx (pid 12)` for messages; empty when it cannot be known. */
export function describeListener(port: number): string {
  const pid = listenersOn(port)?.[0];
  return pid === undefined ? "" : ` by ${commandLineOf(pid).slice(0, 100)} (pid ${pid})`;
}

const LISTEN = "0A";

function listeningInodes(file: string, port: number): string[] {
  try {
    const lines = readFileSync(file, "latin1").split("\n").slice(1);
    return lines.flatMap((line) => {
      const fields = line.trim().split(/\s+/);
      const localPort = Number.parseInt(fields[1]?.split(":")[1] ?? "", 16);
      return localPort === port && fields[3] === LISTEN && fields[9] ? [fields[9]] : [];
    });
  } catch {
    return [];
  }
}

function hasSocket(pid: number, inodes: ReadonlySet<string>): boolean {
  try {
    return readdirSync(`/proc/${pid}/fd`).some((name) => {
      const inode = /^socket:\[(\d+)\]$/.exec(link(`/proc/${pid}/fd/${name}`))?.[1];
      return inode !== undefined && inodes.has(inode);
    });
  } catch {
    return false;
  }
}

function link(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return "";
  }
}
