// Completion for bash and zsh: a function that joins the words before the cursor and looks up what may follow.
import { FLAG_IDS, type Place } from "./places.ts";

/** Source: bash(1), Programmable Completion. */
export const bash = (places: readonly Place[]) => `# rbee completion for bash
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
complete -F _rbee rbee`;

/** `path` would be zsh's own name for PATH. Source: zshcompsys(1). */
export const zsh = (places: readonly Place[]) => `#compdef rbee
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
compdef _rbee rbee`;

export function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
