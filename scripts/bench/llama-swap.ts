// llama-swap in front of a worker that runs already, to measure beside the hive. Built from its repository: go build .
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { until } from "../../tests/harness.ts";

/** Starts it in `directory`; `model` is answered by the worker at `worker`. */
export async function startLlamaSwap(
  program: string,
  { directory, worker, model }: { directory: string; worker: string; model: string },
): Promise<{ url: string; pid: number } & Disposable> {
  const config = join(directory, "llama-swap.yaml");
  const port = freePort();
  const url = `http://127.0.0.1:${port}`;
  // Its own command only stays alive: the requests go to the worker that the others are measured with.
  const entry = { cmd: "sleep 100000", proxy: worker, checkEndpoint: "/health", concurrencyLimit: 1_000 };
  writeFileSync(config, JSON.stringify({ logLevel: "error", models: { [model]: entry } }));
  const child = Bun.spawn([program, "--config", config, "--listen", `127.0.0.1:${port}`], { stdout: "ignore", stderr: "ignore" });
  await until("llama-swap answers", () =>
    fetch(`${url}/v1/models`).then(
      ({ ok }) => ok,
      () => false,
    ),
  );
  return { url, pid: child.pid, [Symbol.dispose]: () => child.kill() };
}

function freePort(): number {
  const server = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: () => new Response() });
  const { port } = server;
  void server.stop(true);
  return port!;
}
