// One thing that should hold between rbee and another program.

export interface Check {
  readonly client: string;
  readonly what: string;
  /** Why it does not hold; undefined when it does. */
  readonly problem: string | undefined;
}

/** Runs a check; what it throws is why it does not hold. */
export async function check(client: string, what: string, look: () => unknown): Promise<Check> {
  try {
    await look();
    return { client, what, problem: undefined };
  } catch (error) {
    const words = error instanceof Error ? error.message : String(error);
    return { client, what, problem: words.trim().split("\n").slice(-3).join(" | ") };
  }
}

/** @throws when a condition does not hold, with what was found. */
export function expect(condition: boolean, found: unknown): void {
  if (!condition) throw new Error(typeof found === "string" ? found : JSON.stringify(found));
}
