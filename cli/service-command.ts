// rbee hive install-service and uninstall-service: the hive at every login.

import { existsSync } from "node:fs";
import { fail } from "../lib/errors.ts";
import { findHive } from "../lib/hive-file.ts";
import { pathsFrom, shortPath } from "../lib/paths.ts";
import { selfCommand } from "../lib/self-command.ts";
import { describeService, installService, type Service, uninstallService } from "../lib/service.ts";
import type { Command, ParsedArgs } from "./argv.ts";
import { COMMON_ARGS } from "./commands.ts";
import { connectToLiving } from "./connect.ts";
import { Output } from "./output.ts";

const ARGS = { "dry-run": { type: "boolean", description: "Only show the file" }, ...COMMON_ARGS } as const;

export const serviceCommands: readonly Command[] = [
  {
    name: "install-service",
    summary: "Run the hive at every login (systemd --user, launchd)",
    args: ARGS,
    examples: ["rbee hive install-service", "rbee hive install-service --dry-run"],
    run: install,
  },
  {
    name: "uninstall-service",
    summary: "Undo that; the workers go with the hive",
    args: ARGS,
    examples: ["rbee hive uninstall-service", "rbee hive uninstall-service --dry-run"],
    run: uninstall,
  },
];

/** A manager starts programs with hardly any environment: what decides where this rbee lives, and what builds need, goes with it. */
const KEPT = /^(PATH|RBEE_.*|XDG_(CONFIG|DATA|CACHE|STATE)_HOME|HF_(HOME|ENDPOINT)|https?_proxy|HTTPS?_PROXY|no_proxy|NO_PROXY)$/;
/** Keys are not written into a file that others may read. */
const SECRET = /^(RBEE_TOKEN|RBEE_HIVE_URL|HF_TOKEN)$/;

function service(): Service {
  const kept = Object.entries(process.env).filter(
    (pair): pair is [string, string] => KEPT.test(pair[0]) && !SECRET.test(pair[0]) && !!pair[1],
  );
  return describeService([...selfCommand(), "hive"], Object.fromEntries(kept), process.env);
}

async function install(args: ParsedArgs): Promise<number> {
  const output = new Output(args.values);
  const described = service();
  if (args.values["dry-run"] === true) return show(described, output);
  const living = findHive(pathsFrom());
  if (living && !living.ephemeral) throw fail("HIVE_RUNNING", { state: pathsFrom().state, pid: living.pid, url: living.url });
  installService(described);
  if (output.json) output.data({ file: described.file });
  output.note(`✓ The hive runs now and at every login (${shortPath(described.file)})`);
  if (process.platform === "linux") output.note('hint: To have it run without a login: loginctl enable-linger "$(id -un)"');
  return 0;
}

async function uninstall(args: ParsedArgs): Promise<number> {
  const output = new Output(args.values);
  const described = service();
  if (args.values["dry-run"] === true) return show(described, output);
  // The manager's own stop leaves the workers; who takes the service away wants them gone.
  if (existsSync(described.file)) await connectToLiving(undefined)?.shutdown();
  const removed = uninstallService(described);
  if (output.json) output.data({ file: described.file, removed });
  output.note(removed ? `✓ Removed ${shortPath(described.file)}` : "There was no service");
  return 0;
}

function show({ file, text }: Service, output: Output): number {
  if (output.json) output.data({ file, text });
  else {
    output.note(`${file}:`);
    output.result(text);
  }
  return 0;
}
