// rbee completion: scripts that complete commands and flags, made from the command tree.

import { SETTINGS } from "../lib/config.ts";
import type { IdKind } from "../lib/known-ids.ts";
import type { Command } from "./argv.ts";
import { usage, writtenFlag } from "./argv.ts";
import { COMMON_ARGS } from "./commands.ts";
import { Output } from "./output.ts";

const SHELLS = ["bash", "zsh", "fish"] as const;

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
      new Output(args.values).result(SCRIPTS[shell](places(root())));
      return 0;
    },
  };
}

interface Place {
  /** The words that lead here, joined by spaces; empty for the root. */
  readonly path: string;
  readonly words: readonly { readonly word: string; readonly summary: string }[];
  /** What the first word is an id of. */
  readonly ids?: IdKind | undefined;
}

/** The words whose next word is an id that is known here. */
const IDS: readonly (readonly [pattern: RegExp, kind: IdKind])[] = [
  [/^worker (get|remove|upgrade|rollback|pin|unpin|export)$/, "workers"],
  [/^worker process (get|stop|logs)$/, "processes"],
  [/^model (get|remove)$/, "models"],
  [/^job (get|logs|cancel)$/, "jobs"],
];

/** Flags whose value is one. */
const FLAG_IDS: Readonly<Record<string, IdKind>> = { "--model": "models", "--worker": "workers" };

/** Every command with the words that may follow it. */
function places(command: Command, path: readonly string[] = []): Place[] {
  const children = (command.children ?? []).map(({ name, summary }) => ({ word: name, summary }));
  const flags = Object.entries(command.args ?? {}).flatMap(([key, definition]) =>
    definition.type === "positional" ? [] : [{ word: writtenFlag(key, definition), summary: definition.description ?? "" }],
  );
  const settings = /^config (get|set|unset)$/.test(path.join(" "))
    ? Object.entries(SETTINGS).map(([word, { about }]) => ({ word, summary: about }))
    : [];
  return [
    { path: path.join(" "), words: [...children, ...settings, ...flags], ids: IDS.find(([pattern]) => pattern.test(path.join(" ")))?.[1] },
    ...(command.children ?? []).flatMap((child) => places(child, [...path, child.name])),
  ];
}

const SCRIPTS: Readonly<Record<(typeof SHELLS)[number], (places: readonly Place[]) => string>> = {
  bash: (places) => `# rbee completion for bash
_rbee() {
  local at="" word words="" ids="" cur=\${COMP_WORDS[COMP_CWORD]}
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    [[ $word == -* ]] || at="\${at:+$at }$word"
  done
  case "\${COMP_WORDS[COMP_CWORD-1]}" in
${Object.entries(FLAG_IDS)
  .map(([flag, kind]) => `    ${flag}) COMPREPLY=($(compgen -W "$(rbee __ids ${kind} 2>/dev/null)" -- "$cur")); return ;;`)
  .join("\n")}
  esac
  case "$at" in
${places.map(({ path, words, ids }) => `    ${quote(path)}) words=${quote(words.map(({ word }) => word).join(" "))} ids=${ids ?? '""'} ;;`).join("\n")}
  esac
  [[ -z $ids ]] || words="$words $(rbee __ids "$ids" 2>/dev/null)"
  COMPREPLY=($(compgen -W "$words" -- "$cur"))
}
complete -F _rbee rbee`,
  // `path` would be zsh's own name for PATH.
  zsh: (places) => `#compdef rbee
_rbee() {
  local at="" word ids=""
  for word in "\${words[@]:1:$((CURRENT - 2))}"; do
    [[ $word == -* ]] || at="\${at:+$at }$word"
  done
  local -a found
  case "\${words[CURRENT-1]}" in
${Object.entries(FLAG_IDS)
  .map(([flag, kind]) => `    ${flag}) compadd -- \${(f)"$(rbee __ids ${kind} 2>/dev/null)"}; return ;;`)
  .join("\n")}
  esac
  case "$at" in
${places.map(({ path, words, ids }) => `    ${quote(path)}) found=(${words.map(({ word, summary }) => quote(`${word}:${summary}`)).join(" ")}) ids=${ids ?? '""'} ;;`).join("\n")}
  esac
  [[ -z $ids ]] || compadd -- \${(f)"$(rbee __ids $ids 2>/dev/null)"}
  _describe command found
}
compdef _rbee rbee`,
  fish: (places) => `# rbee completion for fish
complete -c rbee -f
${places.flatMap(({ path, words }) => words.map(({ word, summary }) => `complete -c rbee -n ${quote(condition(path, places))} -a ${quote(word)} -d ${quote(summary)}`)).join("\n")}
${places.flatMap(({ path, ids }) => (ids ? [`complete -c rbee -n ${quote(condition(path, places))} -a '(rbee __ids ${ids} 2>/dev/null)'`] : [])).join("\n")}
${Object.entries(FLAG_IDS)
  .map(([flag, kind]) => `complete -c rbee -l ${flag.slice(2)} -x -a '(rbee __ids ${kind} 2>/dev/null)'`)
  .join("\n")}`,
};

/** fish: all words of the path were typed, and none that leads further. */
function condition(path: string, places: readonly Place[]): string {
  const seen = path === "" ? [] : path.split(" ").map((word) => `__fish_seen_subcommand_from ${word}`);
  const further =
    places
      .find((place) => place.path === path)
      ?.words.map(({ word }) => word)
      .filter((word) => !word.startsWith("-")) ?? [];
  const notYet = further.length > 0 ? [`not __fish_seen_subcommand_from ${further.join(" ")}`] : [];
  return [...seen, ...notYet].join("; and ") || "true";
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
