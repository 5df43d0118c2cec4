// Asking a person, where one is there to answer.
import { fail } from "../lib/errors.ts";
import type { Output } from "./output.ts";

/** Is a person there who can answer? */
export function canAsk(output: Output): boolean {
  return Boolean(process.stdin.isTTY && process.stderr.isTTY) && !output.json;
}

/** One of several answers, by its key. @throws CANCELLED at Ctrl+C. */
export async function choose<Key extends string>(question: string, answers: Readonly<Record<Key, string>>): Promise<Key> {
  const { consola } = await import("consola");
  const options = (Object.entries(answers) as [Key, string][]).map(([value, label]) => ({ value, label }));
  const answer = await consola.prompt(question, { type: "select", options, cancel: "null" });
  if (answer === null) throw fail("CANCELLED", {});
  return String(answer) as Key;
}

/** A question whose safe answer, also to Ctrl+C and an empty line, is no. */
export async function confirm(question: string): Promise<boolean> {
  const { consola } = await import("consola");
  return (await consola.prompt(question, { type: "confirm", initial: false, cancel: "default" })) === true;
}
