// What zod found wrong, in the words of our errors.
import type { z } from "zod";
import { fail, type RbeeError } from "./errors.ts";

/** The first problem, as field and reason. */
function firstIssue(error: z.ZodError): { field: string; reason: string } {
  const issue = error.issues[0];
  if (issue?.code === "unrecognized_keys") return { field: issue.keys[0] ?? "it", reason: "is not known" };
  const nested = issue?.code === "invalid_union" ? issue.errors.flat()[0] : undefined;
  return { field: issue?.path.join(".") || "it", reason: reasonOf(nested ?? issue) };
}

/** Our schemas' own words, else ours for zod's. */
function reasonOf(issue: z.core.$ZodIssue | undefined): string {
  if (!issue) return "is wrong";
  if (issue.code === "invalid_type" && /^Invalid input/.test(issue.message))
    return /received undefined/.test(issue.message) ? "is missing" : `must be ${TYPES[issue.expected] ?? issue.expected}`;
  if (issue.code === "too_small" && /^Too small/.test(issue.message)) return tooSmall(issue);
  if (issue.code === "too_big" && /^Too big/.test(issue.message)) return tooBig(issue);
  return issue.message;
}

const TYPES: Readonly<Record<string, string>> = {
  number: "a number",
  int: "a whole number",
  string: "a text",
  boolean: "true or false",
  array: "a list",
  object: "an object",
};

function tooSmall({ origin, minimum, inclusive }: z.core.$ZodIssueTooSmall): string {
  if (origin === "string" || origin === "array")
    return minimum === 1 ? "must not be empty" : `must have at least ${minimum} ${partsOf(origin)}`;
  return inclusive ? `must be ${minimum} or more` : `must be more than ${minimum}`;
}

function tooBig({ origin, maximum, inclusive }: z.core.$ZodIssueTooBig): string {
  if (origin === "string" || origin === "array") return `must have at most ${maximum} ${partsOf(origin)}`;
  return inclusive ? `must be ${maximum} or less` : `must be less than ${maximum}`;
}

function partsOf(origin: string): string {
  return origin === "string" ? "characters" : "parts";
}

/** The first problem as `field: reason`. */
export function describeIssue(error: z.ZodError): string {
  const { field, reason } = firstIssue(error);
  return `${field}: ${reason}`;
}

/** The error of an operation whose input is wrong; `written` says how a field is called where it was typed. */
export function invalidInput(error: z.ZodError, written = (field: string) => field, hint?: string): RbeeError {
  const { field, reason } = firstIssue(error);
  return fail("INVALID_INPUT", { field: written(field), reason }, hint === undefined ? {} : { hint });
}

/** What a thrown value says. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
