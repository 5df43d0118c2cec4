// The ports that workers listen on: reserved here, proven free by binding.
import { fail } from "../../lib/errors.ts";
import { describeListener, isPortFree } from "../../lib/machine/listener.ts";
import { HOST } from "./record.ts";

/** How servers say that a port is taken. Source: strerror(3) of EADDRINUSE, Bun, Python, llama.cpp. */
const TAKEN = /EADDRINUSE|address already in use|only one usage of each socket address|couldn't bind/i;

export class WorkerPorts {
  readonly #reserved = new Set<number>();

  constructor(readonly range: { readonly from: number; readonly to: number }) {}

  /**
   * The wanted port or the first free one that was not stolen before: who took it once may take it again.
   * Nobody else here gets it until it is released. @throws PORT_IN_USE, NO_PORT.
   */
  async reserve(wanted?: number, stolen: ReadonlySet<number> = new Set()): Promise<number> {
    if (wanted !== undefined) {
      if (await this.#take(wanted)) return wanted;
      throw fail("PORT_IN_USE", { port: wanted, host: HOST, by: describeListener(wanted) });
    }
    const { from, to } = this.range;
    for (let port = from; port <= to; port++) if (!stolen.has(port) && (await this.#take(port))) return port;
    throw fail("NO_PORT", { from, to });
  }

  /** True when somebody else took the port between our look and the worker's start: they listen there, or the worker's last words say that they did. */
  async isStolen(port: number, error: unknown): Promise<boolean> {
    const { tail } = ((error as { data?: unknown } | null)?.data ?? {}) as { tail?: readonly string[] };
    return (tail?.some((line) => TAKEN.test(line)) ?? false) || !(await isPortFree(port, HOST));
  }

  release(port: number): void {
    this.#reserved.delete(port);
  }

  async #take(port: number): Promise<boolean> {
    if (this.#reserved.has(port)) return false;
    this.#reserved.add(port);
    if (await isPortFree(port, HOST)) return true;
    this.#reserved.delete(port);
    return false;
  }
}
