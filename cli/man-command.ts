// rbee man: the manual page of a command, shown on a terminal, printed elsewhere, or all of them written to a directory.
import { join, resolve } from "node:path";
import { writeFileAtomic } from "../lib/atomic.ts";
import { type Command, findCommand, type ParsedArgs } from "./argv.ts";
import { COMMON_ARGS } from "./commands.ts";
import { Output } from "./output.ts";

/** The command needs the tree that it is part of. */
export function manCommand(root: () => Command): Command {
  return {
    name: "man",
    summary: "The manual page of a command",
    args: {
      command: { type: "positional", required: false, valueHint: "COMMAND...", description: "Its words; nothing means rbee itself" },
      install: { type: "string", valueHint: "DIR", description: "Write the pages of all commands to DIR/man1 (~/.local/share/man)" },
      ...COMMON_ARGS,
    },
    manyWords: "command",
    examples: ["rbee man worker download", "rbee man --install ~/.local/share/man"],
    run: (args) => show(args, root(), new Output(args.values)),
  };
}

async function show({ values, lists }: ParsedArgs, root: Command, output: Output): Promise<number> {
  const { manPage, manPages } = await import("./man.ts");
  if (typeof values.install === "string") {
    const directory = join(resolve(values.install), "man1");
    const pages = manPages(root);
    for (const { file, text } of pages) writeFileAtomic(join(directory, file), text);
    if (output.json) output.data({ directory, pages: pages.map(({ file }) => file) });
    else output.note(`✓ ${pages.length} pages are in ${directory}`);
    return 0;
  }
  const { command, path } = findCommand(root, lists.command ?? []);
  const text = manPage(command, path);
  if (output.json) output.data({ page: text });
  else if (process.stdout.isTTY && !output.plain && Bun.which("man")) return read(text);
  else output.result(text);
  return 0;
}

/** man(1) reads a page from stdin and brings its pager. */
async function read(text: string): Promise<number> {
  const man = Bun.spawn(["man", "-l", "-"], { stdin: new TextEncoder().encode(text), stdout: "inherit", stderr: "inherit" });
  return man.exited;
}
