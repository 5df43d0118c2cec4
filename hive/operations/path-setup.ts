// path_setup: the user's bin directory on PATH, or off it again.
import { join } from "node:path";
import type { Input, Output } from "../../lib/contract/operations.ts";
import { planPathSetup, setUpPath, undoPathSetup } from "../../lib/path-setup.ts";
import type { Hive } from "../hive.ts";
import type { JobContext } from "../job.ts";

export async function pathSetup(hive: Hive, job: JobContext, input: Input<"path_setup">): Promise<Output<"path_setup">> {
  const directory = input.directory ?? join(hive.paths.userPrefix, "bin");
  const plan = planPathSetup({ directory, shell: input.shell, env: hive.env });
  if (input.dry_run) return { ...plan, changed: false };
  job.commit();
  return input.undo ? undoPathSetup(plan) : setUpPath(plan);
}
