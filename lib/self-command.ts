// How to run this very program again.

/** Kept from the start: a script that `rbee run` runs has words of its own. */
const script = process.argv[1];

/** The binary alone, or Bun with the source. */
export function selfCommand(): string[] {
  const isCompiled = Bun.main.startsWith("/$bunfs/") || Bun.main.startsWith("B:\\~BUN");
  return isCompiled || !script ? [process.execPath] : [process.execPath, script];
}
