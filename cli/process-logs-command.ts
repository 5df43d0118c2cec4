// rbee worker process logs: what a worker has printed.
import { fail } from "../lib/errors.ts";
import type { Command, ParsedArgs } from "./argv.ts";
import { COMMON_ARGS } from "./commands.ts";
import { connect } from "./connect.ts";
import { hiveOf } from "./leaf.ts";
import { Output } from "./output.ts";

/** How often a growing log is looked at. */
const LOOK_MS = 200;

export const processLogsCommand: Command = {
  name: "logs",
  summary: "What a worker process has printed",
  args: {
    id: { type: "positional", required: true, description: "A worker process, as `rbee ps` shows it" },
    follow: { type: "boolean", alias: "f", description: "Go on as it grows, until the process ends" },
    ...COMMON_ARGS,
  },
  examples: ["rbee worker process logs 1", "rbee worker process logs -f 1"],
  run: printLogs,
};

async function printLogs(args: ParsedArgs): Promise<number> {
  const output = new Output(args.values);
  const id = String(args.values.id);
  if (!/^[\w-]{1,64}$/.test(id)) throw fail("PROCESS_NOT_FOUND", { id });
  const client = await connect(hiveOf(args));
  for (let shown = 0; ; ) {
    const text = await (await client.processLog(id)).text();
    print(text.slice(shown), output);
    shown = text.length;
    if (!args.values.follow) return 0;
    const { state } = await client.run("worker_process_get", { id });
    if (state === "stopped" || state === "crashed") return 0;
    await Bun.sleep(LOOK_MS);
  }
}

/** With `--json` one line is one value. */
function print(text: string, output: Output): void {
  if (!output.json) return output.piece(text);
  for (const line of text.split(/\r?\n/).filter(Boolean)) output.data({ line });
}
