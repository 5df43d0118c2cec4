// What zod found wrong, in the words of our errors.
import type { z } from "zod";
import { fail, type RbeeError } from "./errors.ts";

/** The first problem, as field and reason. */
function firstIssue(error: z.ZodError): { field: string; reason: string } {
  const issue = error.issues[0];
  const nested = issue?.code === "invalid_union" ? issue.errors.flat()[0]?.message : undefined;
  const isMissing = issue?.code === "invalid_type" && /received undefined/.test(issue.message);
  if (issue?.code === "unrecognized_keys") return { field: issue.keys[0] ?? "it", reason: "is not known" };
  return { field: issue?.path.join(".") || "it", reason: isMissing ? "is missing" : (nested ?? issue?.message ?? "is wrong") };
}

/** The first problem as `field: reason`. */
export function describeIssue(error: z.ZodError): string {
  const { field, reason } = firstIssue(error);
  return `${field}: ${reason}`;
}

/** The error of an operation whose input is wrong. */
export function invalidInput(error: z.ZodError): RbeeError {
  return fail("INVALID_INPUT", firstIssue(error));
}

/** What a thrown value says. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
