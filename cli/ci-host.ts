// What CI hosts understand in a log: sections that fold, and marks for warnings and errors.
// Sources: GitHub's "Workflow commands" and actions/runner ActionCommandManager; GitLab's "Custom collapsible sections".
import { randomUUID } from "node:crypto";

export interface CiHost {
  /** Lines that open a section; what follows may be anybody's text. */
  open(title: string): string;
  close(): string;
  /** Text of others outside of a section, so that the host shows it and does nothing else. */
  shield?(text: string): string;
  /** One line in place of the plain one; undefined where the host has no marks. */
  mark?(level: "warning" | "error", message: string, title?: string): string;
}

/** The host that the environment names; undefined elsewhere. */
export function ciHostFrom(env: NodeJS.ProcessEnv): CiHost | undefined {
  if (env.GITHUB_ACTIONS === "true") return github();
  if (env.GITLAB_CI === "true") return gitlab();
  return undefined;
}

/**
 * GitHub obeys commands wherever a line begins with `::`, also in a build's output. Between open and close it is told to stop doing so
 * until it reads a word that no build can guess.
 */
function github(): CiHost {
  const word = randomUUID();
  let isOpen = false;
  const outside = (line: string) => (isOpen ? `::${word}::\n${line}\n::stop-commands::${word}` : line);
  return {
    open(title) {
      isOpen = true;
      return `::group::${escapeData(title)}\n::stop-commands::${word}`;
    },
    close() {
      isOpen = false;
      return `::${word}::\n::endgroup::`;
    },
    shield: (text) => (!isOpen && /^\s*::|##\[/m.test(text) ? `::stop-commands::${word}\n${text}\n::${word}::` : text),
    mark: (level, message, title) => outside(`::${level}${title ? ` title=${escapeProperty(title)}` : ""}::${escapeData(message)}`),
  };
}

function gitlab(): CiHost {
  let count = 0;
  const seconds = () => Math.floor(Date.now() / 1000);
  const name = () => `rbee_${process.pid}_${count}`;
  return {
    open(title) {
      count++;
      return `\x1b[0Ksection_start:${seconds()}:${name()}[collapsed=true]\r\x1b[0K${title}`;
    },
    close: () => `\x1b[0Ksection_end:${seconds()}:${name()}\r\x1b[0K`,
  };
}

function escapeData(text: string): string {
  return text.replaceAll("%", "%25").replaceAll("\r", "%0D").replaceAll("\n", "%0A");
}

function escapeProperty(text: string): string {
  return escapeData(text).replaceAll(":", "%3A").replaceAll(",", "%2C");
}
