// hive_check: what this machine is and has. Answers from the last look unless asked to look again.

import type { Input, Output } from "../../lib/contract/operations.ts";
import { lookAtMachine } from "../../lib/machine/capabilities.ts";
import type { Hive } from "../hive.ts";
import type { JobContext } from "../job.ts";

const KEPT_MS = 60_000;
let last: { at: number; look: ReturnType<typeof lookAtMachine> } | undefined;

export async function hiveCheck(hive: Hive, _job: JobContext, { refresh }: Input<"hive_check">): Promise<Output<"hive_check">> {
  if (refresh) forgetLook();
  const workers = (await hive.stores.list()).map(({ id, version }) => ({ id, version }));
  return { ...(await lookOnce(hive)), workers, process_means: hive.means.description };
}

/** The machine as it was at most a minute ago. */
export function lookOnce(hive: Hive): ReturnType<typeof lookAtMachine> {
  if (!last || performance.now() - last.at > KEPT_MS) last = { at: performance.now(), look: lookAtMachine(hive.paths) };
  return last.look;
}

/** After an install the machine has something new. */
export function forgetLook(): void {
  last = undefined;
}
