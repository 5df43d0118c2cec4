// How the static reader stops: it hands over what it does not model, it reports what is no bash, it refuses what breaks a limit. It never guesses.

/** Something that is not modelled; bash has to read this recipe. `offset` counts UTF-16 units of the text. */
export class Handover extends Error {
  override readonly name = "Handover";
  constructor(
    readonly reason: string,
    readonly offset = -1,
  ) {
    super(reason);
  }
}

/** Text that bash refuses as well. */
export class BashSyntaxError extends Error {
  override readonly name = "BashSyntaxError";
  constructor(
    readonly reason: string,
    readonly offset: number,
  ) {
    super(reason);
  }
}

/** A limit of this reader; the recipe is refused, bash is not asked. */
export class LimitExceeded extends Error {
  override readonly name = "LimitExceeded";
  constructor(
    readonly reason: string,
    readonly offset = -1,
  ) {
    super(reason);
  }
}

export const limits = {
  /** Elements of one array or words of one command. */
  elements: 10_000,
  /** Commands, substitutions and expressions inside one another. */
  nesting: 100,
  /** UTF-16 units of one value, and of all values made in one reading. */
  valueLength: 1024 * 1024,
  totalLength: 32 * 1024 * 1024,
  /** Commands, expansions and pattern positions of one reading. */
  steps: 500_000,
} as const;

export function handOver(reason: string, offset = -1): never {
  throw new Handover(reason, offset);
}
