// The ports that workers listen on: reserved here, proven free by binding.
import { fail } from "../lib/errors.ts";
import { describeListener, isPortFree } from "../lib/listener.ts";
import { HOST } from "./worker-record.ts";

/** Below the ephemeral range, so that no outgoing connection takes one. */
const PORTS = { from: 7840, to: 7999 };

export class WorkerPorts {
  readonly #reserved = new Set<number>();

  /** The wanted port or the first free one; nobody else here gets it until it is released. @throws PORT_IN_USE, NO_PORT. */
  async reserve(wanted?: number): Promise<number> {
    if (wanted !== undefined) {
      if (await this.#take(wanted)) return wanted;
      throw fail("PORT_IN_USE", { port: wanted, host: HOST, by: describeListener(wanted) });
    }
    for (let port = PORTS.from; port <= PORTS.to; port++) if (await this.#take(port)) return port;
    throw fail("NO_PORT", PORTS);
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
