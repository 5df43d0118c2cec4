// Is there a port for a worker that will be started.
import type { Finding } from "../contract/views.ts";
import { describeListener, isPortFree } from "../machine/listener.ts";
import { fine, problem } from "./finding.ts";

/** Looks for the first port of the range that a worker could listen on. */
export async function checkPorts({ from, to }: { readonly from: number; readonly to: number }): Promise<Finding> {
  for (let port = from; port <= to; port++) if (await isPortFree(port)) return fine("port", `Port ${port} is free for it`);
  const by = from === to ? describeListener(from) : "";
  return problem("port", `No port from ${from} to ${to} is free${by ? `: taken${by}` : ""}`, "rbee config set worker_ports 20000-20999");
}
