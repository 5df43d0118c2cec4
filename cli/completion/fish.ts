// Completion for fish: one line for each word, with the condition under which it is offered. Source: complete(1) of fish.
import { FLAG_IDS, type Place } from "./places.ts";
import { quote } from "./posix.ts";

export const fish = (places: readonly Place[]) => `# rbee completion for fish
complete -c rbee -f
${places.flatMap(({ path, words }) => words.map(({ word, summary }) => `complete -c rbee -n ${quote(condition(path, places))} -a ${quote(word)} -d ${quote(summary)}`)).join("\n")}
${places.flatMap(({ path, ids }) => (ids ? [`complete -c rbee -n ${quote(condition(path, places))} -a '(rbee __ids ${ids} 2>/dev/null)'`] : [])).join("\n")}
${Object.entries(FLAG_IDS)
  .map(([flag, kind]) => `complete -c rbee -l ${flag.slice(2)} -x -a '(rbee __ids ${kind} 2>/dev/null)'`)
  .join("\n")}`;

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
