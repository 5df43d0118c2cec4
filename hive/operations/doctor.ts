// doctor: what is wrong with this rbee, as the hive itself sees its machine.
import { examine } from "../../lib/checks/doctor.ts";
import type { Output } from "../../lib/contract/operations.ts";
import type { Hive } from "../hive.ts";

export async function doctor({ paths, env }: Hive): Promise<Output<"doctor">> {
  const findings = await examine(paths, env);
  return { well: findings.every(({ state }) => state !== "problem"), findings };
}
