// What a built-in command is, and what most of them do first with their arguments.
import type { Assignment } from "./ast.ts";
import { handOver } from "./handover.ts";
import type { Shell } from "./shell.ts";

export interface Inputs {
  readonly input: string | undefined;
  /** The IFS of `IFS=, read …`. */
  readonly ifs: string | undefined;
}

/** Runs and returns the exit status. */
export type Builtin = (shell: Shell, args: readonly (string | Assignment)[], inputs: Inputs) => number;

export const nameOnly = /^[A-Za-z_]\w*$/;

export const texts = (shell: Shell, args: readonly (string | Assignment)[]): string[] =>
  args.map((each) => (typeof each === "string" ? each : handOver("an odd argument", shell.at)));
