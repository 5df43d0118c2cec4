// A real terminal for tests: a tmux of its own that runs one command and stays open.
export const hasTerminal = Bun.which("tmux") !== null;

export interface Terminal extends Disposable {
  /** What is and was on the screen. */
  screen(): string;
  /** With its colours, as escape sequences. */
  painted(): string;
  /** Keys by tmux's names, or characters. */
  type(...keys: string[]): void;
  resize(columns: number): void;
}

let count = 0;

/** Runs a shell's line in a terminal of so many columns; `exit N` stands on the screen when it is over. */
export function openTerminal(columns: number, command: string, env: Record<string, string>, rows = 50): Terminal {
  const server = `rbee-test-${process.pid}-${count++}`;
  const tmux = (...words: string[]) =>
    Bun.spawnSync(["tmux", "-L", server, "-f", "/dev/null", ...words], { env: { ...env, TERM: "xterm-256color" } });
  // A home of the tests' has none that draws: here is one.
  const words = env.TERM && env.TERM !== "dumb" ? `TERM=${env.TERM}; export TERM; ` : "";
  tmux("new-session", "-d", "-x", String(columns), "-y", String(rows), `${words}${command}; echo "exit $?"; sleep 60`);
  const capture = (...more: string[]) =>
    tmux("capture-pane", "-p", ...more, "-S", "-1000")
      .stdout.toString()
      .replace(/\n+$/, "");
  return {
    screen: () => capture(),
    painted: () => capture("-e"),
    type: (...keys) => void tmux("send-keys", ...keys),
    resize: (width) => void tmux("resize-window", "-x", String(width)),
    [Symbol.dispose]: () => void tmux("kill-server"),
  };
}
