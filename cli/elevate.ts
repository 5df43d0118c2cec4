// Rights for a job's last step: asked for before the build, used for one fixed command.
import type { HiveClient } from "../lib/client.ts";
import { RbeeError, toRbeeError } from "../lib/errors.ts";
import { chooseInstallDir } from "../lib/install-dir.ts";
import { pathsFrom, shortPath } from "../lib/paths.ts";
import { canAsk, choose, confirm } from "./confirm.ts";
import type { Output } from "./output.ts";

type Input = Record<string, unknown>;

/** Is there somebody who can type a password, for a hive of this machine? */
export function canElevate(output: Output): boolean {
  return canAsk(output) && process.platform !== "win32" && !process.env.RBEE_HIVE_URL && Bun.which("sudo") !== null;
}

/** Asks for whom an install is, where only rights are missing for all users. @throws CANCELLED when nobody wants to say. */
export async function choosePlace(input: Input, output: Output): Promise<Input> {
  if (input.user || input.prefix || !canElevate(output) || canPlaceForAll()) return input;
  if (input.system) return { ...input, elevate: "sudo" };
  const { userPrefix } = pathsFrom();
  const answer = await choose("Install for all users (needs sudo) or only for you?", {
    all: "All users: sudo will ask for your password when it is built",
    me: `Only you: ${shortPath(userPrefix)}/bin`,
  });
  return answer === "all" ? { ...input, elevate: "sudo" } : { ...input, user: true };
}

function canPlaceForAll(): boolean {
  try {
    chooseInstallDir(pathsFrom(), { system: true }, { leaveNothing: true });
    return true;
  } catch (error) {
    if (error instanceof RbeeError) return false;
    throw error;
  }
}

/** Runs the command of an event `elevate` in this terminal and tells the hive how it went. */
export async function answerElevation(client: HiveClient, jobId: string, command: readonly string[], output: Output): Promise<void> {
  output.note(`The last step needs rights:\n    sudo ${command.join(" ")}`);
  const sudo = Bun.spawn(["sudo", ...command], { cwd: "/", stdin: "inherit", stdout: "ignore", stderr: "inherit" });
  const code = await sudo.exited;
  const outcome = code === 0 ? "done" : await otherwise(command);
  const reason = code === 0 ? {} : { reason: `sudo ended with ${code}` };
  try {
    await client.run("elevation_answer", { job_id: jobId, outcome, ...reason });
  } catch (error) {
    // The job was cancelled meanwhile: nobody waits for the answer.
    if (toRbeeError(error).code !== "JOB_NOT_FOUND") throw error;
  }
}

/** What was built is not thrown away because of a mistyped password. */
async function otherwise(command: readonly string[]): Promise<"refused" | "user"> {
  const isInstall = command.includes("place");
  return isInstall && (await confirm("It was not installed for all users. Install it only for you?")) ? "user" : "refused";
}
