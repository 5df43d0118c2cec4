// Checks the catalog entry beside a recipe: that it is one, and that the worker can be started with it.
import { readFile } from "node:fs/promises";
import { Entry } from "../../contract/entry.ts";
import { describeIssue } from "../../issues.ts";
import type { Problem } from "./problem.ts";

/** The problems of the entry at `file`; none where there is no such file. */
export async function entryProblems(file: string): Promise<Problem[]> {
  const text = await readFile(file, "utf8").catch(() => undefined);
  if (text === undefined) return [];
  const wrong = (message: string): Problem[] => [{ ...start(file), code: "entry_invalid", message, severity: "error" }];
  const entry = Entry.safeParse(parsed(text));
  if (!entry.success) return wrong(describeIssue(entry.error));
  if (entry.data.run !== undefined) return [];
  return [{ ...start(file), code: "missing_run", message: "the entry has no run: the worker cannot be spawned", severity: "warning" }];
}

const start = (file: string) => ({ file, line: 1, column: 1 });

/** Nothing for a text that is no JSON: the entry's own check tells what it should have been. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
