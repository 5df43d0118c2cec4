// A real terminal for tests: tmux with a server of its own.

export const hasTerminal = Bun.which("tmux") !== null;

let opened = 0;

export interface Terminal extends Disposable {
  /** Everything that was shown so far. */
  screen(): string;
  type(text: string): void;
}

/** A terminal that runs one command, says `exit CODE` and stays open. */
export function openTerminal(columns: number, command: string, env: Record<string, string>): Terminal {
  const server = `rbee-test-${process.pid}-${++opened}`;
  const tmux = (...words: string[]) =>
    Bun.spawnSync(["tmux", "-L", server, "-f", "/dev/null", ...words], { env: { ...env, TERM: "xterm-256color" } });
  tmux("new-session", "-d", "-x", String(columns), "-y", "50", `${command}; echo "exit $?"; sleep 60`);
  return {
    screen: () => tmux("capture-pane", "-p", "-S", "-1000").stdout.toString().replace(/\n+$/, ""),
    type: (text) => void tmux("send-keys", "-l", text),
    [Symbol.dispose]: () => void tmux("kill-server"),
  };
}
