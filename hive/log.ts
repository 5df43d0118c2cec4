// The hive's own log: one JSON object a line, in the state directory, through consola.
import { appendFileSync, mkdirSync, renameSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { createConsola } from "consola/core";

export interface Log {
  info(message: string, facts?: Record<string, unknown>): void;
  warn(message: string, facts?: Record<string, unknown>): void;
  error(message: string, facts?: Record<string, unknown>): void;
}

/** Past this size the log becomes `<path>.1`, replacing the former one. */
const MAX_BYTES = 10 << 20;

/** A full disk costs log lines, never the hive. */
export function openLog(path: string): Log {
  mkdirSync(dirname(path), { recursive: true });
  const write = (line: string) => {
    try {
      if ((statSync(path, { throwIfNoEntry: false })?.size ?? 0) > MAX_BYTES) renameSync(path, `${path}.1`);
      appendFileSync(path, line, { mode: 0o600 });
    } catch {}
  };
  const consola = createConsola({
    level: 4,
    reporters: [
      {
        log: ({ type, date, args }) => {
          const [message, facts] = args as [string, Record<string, unknown> | undefined];
          write(`${JSON.stringify({ at: date.toISOString(), level: type, message, ...facts })}\n`);
        },
      },
    ],
  });
  return {
    info: (message, facts) => consola.info(message, facts ?? {}),
    warn: (message, facts) => consola.warn(message, facts ?? {}),
    error: (message, facts) => consola.error(message, facts ?? {}),
  };
}
