// rbee self: this very program, renewed.
import { settingsFrom } from "../lib/config.ts";
import { fail } from "../lib/errors.ts";
import { findHive } from "../lib/hive-file.ts";
import { pathsFrom } from "../lib/paths.ts";
import { Rate } from "../lib/rate.ts";
import { selfCommand as wordsOfSelf } from "../lib/self-command.ts";
import { updateSelf } from "../lib/self-update.ts";
import { formatBytes } from "../lib/units.ts";
import type { Command, ParsedArgs } from "./argv.ts";
import { usage } from "./argv.ts";
import { renderBar } from "./bar.ts";
import { COMMON_ARGS } from "./commands.ts";
import { Output } from "./output.ts";

export const selfCommand: Command = {
  name: "self",
  summary: "This program",
  children: [
    {
      name: "update",
      summary: "Replace this program with the newest release",
      args: {
        from: { type: "string", valueHint: "URL", description: "Where releases lie (default: the setting releases)" },
        ...COMMON_ARGS,
      },
      examples: ["rbee self update", "rbee self update --from https://example.org/rbee/latest"],
      run: update,
    },
  ],
};

async function update(args: ParsedArgs): Promise<number> {
  const output = new Output(args.values);
  const paths = pathsFrom();
  const releases = typeof args.values.from === "string" ? args.values.from : settingsFrom(paths).releases;
  if (!URL.canParse(releases))
    throw usage(["self", "update"], "Where releases lie is not known: --from URL, or rbee config set releases URL");
  const [binary, script] = wordsOfSelf();
  if (!binary || script) throw fail("USAGE", { problem: "This rbee runs from its source", help: "Update the source instead: git pull" });
  const controller = new AbortController();
  process.once("SIGINT", () => controller.abort(fail("CANCELLED", {})));
  const rate = new Rate();
  const onProgress = (done: number, total: number | null) => {
    rate.look(done, performance.now());
    output.live((width) => renderBar({ what: "rbee", done, total, amount: formatBytes, rate }, width));
  };
  const result = await updateSelf({ releases, binary, onProgress, signal: controller.signal });
  output.endLive();
  if (output.json) output.data(result);
  else output.result(result.changed ? `rbee ${result.to} (was ${result.from})` : `rbee ${result.from} is the newest`);
  if (result.changed && findHive(paths)) output.note("hint: The hive that runs is still the former one: rbee hive restart");
  return 0;
}
