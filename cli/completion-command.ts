// rbee completion: a script that completes commands, flags and the ids that are here, made from the command tree.
import { Shell } from "../lib/contract/views.ts";
import type { Command } from "./argv.ts";
import { usage } from "./argv.ts";
import { COMMON_ARGS } from "./commands.ts";
import { Output } from "./output.ts";

const SHELLS = Shell.options;

/** The command needs the tree that it is part of. */
export function completionCommand(root: () => Command): Command {
  return {
    name: "completion",
    summary: "A completion script for your shell",
    args: { shell: { type: "positional", required: true, valueHint: SHELLS.join("|"), description: "Your shell" }, ...COMMON_ARGS },
    examples: ["source <(rbee completion bash)", "rbee completion fish > ~/.config/fish/completions/rbee.fish"],
    run: async (args) => {
      const shell = SHELLS.find((name) => name === args.values.shell);
      if (!shell) throw usage(["completion"], `"${String(args.values.shell)}" is not one of ${SHELLS.join(", ")}`);
      const { completionScript } = await import("./completion/index.ts");
      const script = completionScript(shell, root());
      const output = new Output(args.values);
      if (output.json) output.data({ shell, script });
      else output.result(script);
      return 0;
    },
  };
}
