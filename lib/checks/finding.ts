// How a look ends: fine, a warning, or a problem with the command that mends it.
import type { Finding } from "../contract/views.ts";

export const fine = (about: string, message: string): Finding => ({ about, state: "fine", message });

export const warning = (about: string, message: string, mend?: string): Finding => ({
  about,
  state: "warning",
  message,
  ...(mend ? { mend } : {}),
});

export const problem = (about: string, message: string, mend?: string): Finding => ({
  about,
  state: "problem",
  message,
  ...(mend ? { mend } : {}),
});

/** A command that changes the system, as the one who reads it has to type it. */
export function asRoot(command: string): string {
  const needsNone = process.getuid?.() === 0 || process.platform === "win32" || command.startsWith("brew ");
  return needsNone ? command : `sudo ${command}`;
}
