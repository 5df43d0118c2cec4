// The completion script of each shell, from the command tree.
import type { Shell } from "../../lib/contract/views.ts";
import type { Command } from "../argv.ts";
import { fish } from "./fish.ts";
import { nushell } from "./nushell.ts";
import { places } from "./places.ts";
import { bash, zsh } from "./posix.ts";
import { powershell } from "./powershell.ts";

export function completionScript(shell: Shell, root: Command): string {
  switch (shell) {
    case "bash":
      return bash(places(root));
    case "zsh":
      return zsh(places(root));
    case "fish":
      return fish(places(root));
    case "nushell":
      return nushell(root);
    case "powershell":
      return powershell(places(root));
    default:
      return shell satisfies never;
  }
}
