// rbee ui: the page, in a browser that is signed in.
import { fail } from "../lib/errors.ts";
import type { Command, ParsedArgs } from "./argv.ts";
import { COMMON_ARGS } from "./commands.ts";
import { connectToLiving } from "./connect.ts";
import { ensureLasting } from "./hive-command.ts";
import { Output } from "./output.ts";

const PRINT = { print: { type: "boolean", description: "Only print the link (it signs one browser in, once)" } } as const;

export const uiCommand: Command = {
  name: "ui",
  summary: "Open the page in a browser",
  args: { ...PRINT, ...COMMON_ARGS },
  examples: ["rbee ui", "rbee ui --print"],
  run: (args) => openPage(args, new Output(args.values)),
};

async function openPage({ values }: ParsedArgs, output: Output): Promise<number> {
  const named = typeof values.hive === "string" ? values.hive : process.env.RBEE_HIVE_URL;
  // A page needs a hive that does not end when nobody asks it anything.
  if (!named) await ensureLasting();
  const client = connectToLiving(named);
  if (!client) throw fail("HIVE_NOT_RUNNING", {});
  const { path, expires_at } = await client.run("browser_link", {});
  const url = `${client.url}${path}`;
  if (output.json) output.data({ url, expires_at });
  else output.result(url);
  if (!output.json && values.print !== true && process.stdout.isTTY) open(url);
  return 0;
}

/** The desktop's own way of opening a link; where there is none, the printed link is the way. */
function open(url: string): void {
  const hasDesktop = process.platform !== "linux" || Boolean(process.env.DISPLAY ?? process.env.WAYLAND_DISPLAY);
  const program = { darwin: ["open"], win32: ["explorer"] }[process.platform as string] ?? ["xdg-open"];
  if (!hasDesktop || Bun.which(program[0]!) === null) return;
  Bun.spawn([...program, url], { stdin: "ignore", stdout: "ignore", stderr: "ignore" }).unref();
}
