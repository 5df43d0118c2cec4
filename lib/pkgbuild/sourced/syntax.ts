// Asks bash whether a recipe is bash at all, without running a command of it.
import type { Walls } from "./walls.ts";

/** The first syntax error that `bash -n` reports with extglob off, as makepkg sources recipes; nothing when it parses. */
export function findSyntaxError(path: string, room: Walls): { line: number; reason: string } | undefined {
  const child = Bun.spawnSync([...room.command, "bash", "--noprofile", "--norc", "-n", path], {
    env: { PATH: "/usr/local/bin:/usr/bin:/bin", LC_ALL: "C.UTF-8" },
    stdio: ["ignore", "ignore", "pipe"],
    timeout: 5000,
    maxBuffer: 65_536,
  });
  if (child.exitCode === 0) return undefined;
  const match = /: line (\d+): (.*)/.exec(child.stderr.toString().replace(path, ""));
  return match === null ? undefined : { line: Number(match[1]), reason: match[2] ?? "syntax error" };
}
