// Browsers: a link that signs one in, the list of them, a key taken back.
import type { Input, Output } from "../../lib/contract/operations.ts";
import type { Hive } from "../hive.ts";
import type { JobContext } from "../job.ts";
import type { Browsers } from "../routes/browsers.ts";

/** The code stands behind `#`: a browser keeps that part to itself, so it reaches no log and no referrer. */
export function signInLink(browsers: Browsers): Output<"browser_link"> {
  const { code, expires_at } = browsers.makeCode();
  return { path: `/#code=${code}`, expires_at };
}

export async function browserLink({ browsers }: Hive): Promise<Output<"browser_link">> {
  return signInLink(browsers);
}

export async function browserList({ browsers }: Hive): Promise<Output<"browser_list">> {
  return { browsers: browsers.list() };
}

export async function browserRevoke(
  { browsers }: Hive,
  _job: JobContext,
  { id }: Input<"browser_revoke">,
): Promise<Output<"browser_revoke">> {
  return browsers.revoke(id);
}
