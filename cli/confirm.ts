// Asking a person, where one is there to answer.
import type { Output } from "./output.ts";

/** Is a person there who can answer? */
export function canAsk(output: Output): boolean {
  return Boolean(process.stdin.isTTY && process.stderr.isTTY) && !output.json;
}

/** A question whose safe answer, also to Ctrl+C and an empty line, is no. */
export async function confirm(question: string): Promise<boolean> {
  const { consola } = await import("consola");
  return (await consola.prompt(question, { type: "confirm", initial: false, cancel: "default" })) === true;
}
