// Asks a program of this machine one thing. It has two seconds: neither the program nor what it started can make anybody wait longer.
import { basename } from "node:path";

/** How long one program may take. */
const TOOL_MS = 2_000;
/** What it says past this is not read. */
const MOST_BYTES = 4 << 20;

/** What a program said, or in one line why it said nothing that counts. */
export type Said = { readonly text: string; readonly problem?: never } | { readonly text?: never; readonly problem: string };

/** What a program prints, or undefined when it fails or takes more than two seconds. */
export async function ask(command: readonly string[]): Promise<string | undefined> {
  return (await askTool(command)).text;
}

/** Runs a program to its end or for two seconds, whichever comes first; it and its children are ended then. Never throws. */
export async function askTool(command: readonly string[], limitMs = TOOL_MS): Promise<Said> {
  const name = basename(command[0]!);
  try {
    const program = Bun.spawn([...command], { stdin: "ignore", stdout: "pipe", stderr: "pipe", detached: true });
    // A driver that hangs in the kernel cannot be killed: nobody waits for it.
    program.unref();
    const late = Promise.withResolvers<"late">();
    const timer = setTimeout(() => late.resolve("late"), limitMs);
    const said = await Promise.race([listen(program), late.promise]);
    clearTimeout(timer);
    if (said !== "late")
      return said.code === 0 ? { text: said.out } : { problem: `${name} failed: ${firstLine(said) ?? `exit ${said.code}`}` };
    endAll(program.pid);
    return { problem: `${name} did not answer within ${limitMs / 1000} s` };
  } catch (error) {
    return { problem: `${name} cannot be started: ${(error as Error).message}` };
  }
}

async function listen(program: Bun.Subprocess<"ignore", "pipe", "pipe">) {
  const [out, err, code] = await Promise.all([textOf(program.stdout), textOf(program.stderr), program.exited]);
  return { out, err, code };
}

async function textOf(stream: ReadableStream<Uint8Array>): Promise<string> {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const part of stream) {
    bytes += part.length;
    if (bytes <= MOST_BYTES) parts.push(part);
  }
  return Buffer.concat(parts).toString("utf8");
}

function firstLine({ out, err }: { out: string; err: string }): string | undefined {
  return `${err}\n${out}`
    .split("\n")
    .find((line) => line.trim() !== "")
    ?.trim()
    .slice(0, 200);
}

function endAll(pid: number): void {
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // It ended at this very moment.
  }
}
