// How to run this very program again.

/** The binary alone, or Bun with the source. */
export function selfCommand(): string[] {
  const script = process.argv[1];
  const isCompiled = Bun.main.startsWith("/$bunfs/") || Bun.main.startsWith("B:\\~BUN");
  return isCompiled || !script ? [process.execPath] : [process.execPath, script];
}
