// What `rbee` alone shows: where you are and what to type next.
import { findHive } from "../lib/hive-file.ts";
import { knownIds } from "../lib/known-ids.ts";
import type { Paths } from "../lib/paths.ts";
import { VERSION } from "../lib/version.ts";

/** A worker of the built-in catalog for each system: one that needs no compiler, where there is one. */
const STARTERS: Readonly<Record<string, string>> = { darwin: "llama-node-metal", win32: "llm-worker-rbee-cpu" };

export function firstPage(paths: Paths): string {
  const [workers, models] = [knownIds(paths, "workers"), knownIds(paths, "models")];
  const worker = workers[0] ?? STARTERS[process.platform] ?? "llama-node-cpu";
  const words: readonly [string, string][] = [
    ["rbee worker available", "what can be installed"],
    [`rbee worker download ${worker}`, "install a worker"],
    ["rbee model download FILE.gguf", "add a model"],
    ["rbee worker spawn", "start the worker with the model"],
    ['rbee infer "Once upon a time"', "ask it"],
    [`rbee worker remove ${worker}`, "take the worker away again"],
  ];
  const next = workers.length === 0 ? 1 : models.length === 0 ? 2 : 4;
  const width = Math.max(...words.map(([command]) => command.length));
  const hive = findHive(paths);
  return `${[
    `rbee ${VERSION}: turns this machine into a host for LLM inference workers`,
    "",
    hive ? `A hive runs at ${hive.url}` : "No hive runs; a command that needs one starts it",
    `Installed: ${counted(workers, "worker")}, ${counted(models, "model")}. Next: ${words[next]![0]}`,
    "",
    ...words.map(([command, about]) => `  ${command.padEnd(width)}   ${about}`),
    "",
    "Every command and flag: rbee --help, rbee <command> --help",
  ].join("\n")}\n`;
}

function counted(ids: readonly string[], word: string): string {
  return ids.length === 0 ? `no ${word}` : `${ids.length} ${word}${ids.length === 1 ? "" : "s"}`;
}
