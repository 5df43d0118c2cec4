// The hive as a service of the user's session: a systemd unit on Linux, a launchd agent on macOS.
// Sources: systemd.service(5), systemd.kill(5); launchd.plist(5).
import { existsSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { writeFileAtomic } from "./atomic.ts";
import { fail } from "./errors.ts";
import { type Env, homeOf } from "./paths.ts";

export interface Service {
  readonly file: string;
  readonly text: string;
  /** Makes the system's manager start it now and at every login. */
  readonly start: readonly (readonly string[])[];
  readonly stop: readonly (readonly string[])[];
}

const LABEL = "rbee-hive";

/** The service that runs `command serve` (`rbee hive`, as words) with these variables. @throws SERVICE_UNSUPPORTED where no manager is known. */
export function describeService(command: readonly string[], variables: Readonly<Record<string, string>>, env: Env): Service {
  if (process.platform === "linux") return systemd(command, variables, env);
  if (process.platform === "darwin") return launchd(command, variables, env);
  throw fail("SERVICE_UNSUPPORTED", { platform: process.platform });
}

/** Writes the file and hands it to the manager. @throws SERVICE_FAILED with the manager's words; then nothing of it is left. */
export function installService(service: Service): void {
  writeFileAtomic(service.file, service.text);
  try {
    for (const command of service.start) obey(command);
  } catch (error) {
    uninstallService(service);
    throw error;
  }
}

/** Ends the service and takes its file away. False when there was none. */
export function uninstallService({ file, stop }: Service): boolean {
  if (!existsSync(file)) return false;
  for (const command of stop) Bun.spawnSync([...command], { stdin: "ignore", stdout: "ignore", stderr: "ignore" });
  rmSync(file);
  return true;
}

/** The hive is asked to leave its workers, and the manager leaves them too (KillMode=process): the next hive adopts them. */
function systemd(command: readonly string[], variables: Readonly<Record<string, string>>, env: Env): Service {
  const config = env.XDG_CONFIG_HOME || join(homeOf(env), ".config");
  const file = join(config, "systemd/user", `${LABEL}.service`);
  const text = `[Unit]
Description=rbee hive: hosts LLM inference workers
After=network.target

[Service]
ExecStart=${execLine([...command, "serve"])}
ExecStop=${execLine([...command, "stop", "--keep-workers"])}
${Object.entries(variables)
  .map(([name, value]) => `Environment=${systemdWord(`${name}=${value}`)}\n`)
  .join("")}KillMode=process
Restart=on-failure
RestartSec=2
TimeoutStopSec=60

[Install]
WantedBy=default.target
`;
  const systemctl = (...words: string[]) => ["systemctl", "--user", ...words];
  return {
    file,
    text,
    start: [systemctl("daemon-reload"), systemctl("enable", "--now", LABEL)],
    stop: [systemctl("disable", "--now", LABEL), systemctl("daemon-reload")],
  };
}

/** In a command a `$` is a variable's. Source: systemd.service(5), COMMAND LINES. */
function execLine(command: readonly string[]): string {
  return command.map((word) => systemdWord(word).replaceAll("$", "$$$$")).join(" ");
}

/** Quotes a word for a unit file: C-style quotes, and `%` doubled, which is a specifier's. Source: systemd.syntax(7). */
function systemdWord(word: string): string {
  return `"${word.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("%", "%%")}"`;
}

function launchd(command: readonly string[], variables: Readonly<Record<string, string>>, env: Env): Service {
  const file = join(homeOf(env), "Library/LaunchAgents", `${LABEL}.plist`);
  const text = `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">
<dict>
  <key>Label</key><string>${LABEL}</string>
  <key>ProgramArguments</key><array>${[...command, "serve"].map((word) => `<string>${xml(word)}</string>`).join("")}</array>
  <key>EnvironmentVariables</key><dict>${Object.entries(variables)
    .map(([name, value]) => `<key>${xml(name)}</key><string>${xml(value)}</string>`)
    .join("")}</dict>
  <key>RunAtLoad</key><true/>
  <key>KeepAlive</key><dict><key>SuccessfulExit</key><false/></dict>
  <key>AbandonProcessGroup</key><true/>
</dict>
</plist>
`;
  const domain = `gui/${process.getuid?.() ?? 0}`;
  return {
    file,
    text,
    start: [["launchctl", "bootstrap", domain, file]],
    stop: [["launchctl", "bootout", `${domain}/${LABEL}`]],
  };
}

function xml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

function obey(command: readonly string[]): void {
  const program = Bun.which(command[0]!);
  const ran = program && Bun.spawnSync([program, ...command.slice(1)], { stdin: "ignore", stdout: "pipe", stderr: "pipe" });
  if (ran && ran.exitCode === 0) return;
  const reason = ran ? ran.stderr.toString().trim().split("\n")[0] || `it exited with ${ran.exitCode}` : "it is not here";
  throw fail("SERVICE_FAILED", { manager: dirname(command[0]!) === "." ? command[0]! : command.join(" "), reason });
}
