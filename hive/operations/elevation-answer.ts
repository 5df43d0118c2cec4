// elevation_answer: somebody with the rights has done a job's last step, or refused to.
import type { Input, Output } from "../../lib/contract/operations.ts";
import type { Hive } from "../hive.ts";
import type { JobContext } from "../job.ts";

export async function elevationAnswer(hive: Hive, _job: JobContext, input: Input<"elevation_answer">): Promise<Output<"elevation_answer">> {
  hive.elevation.answer(input);
  return {};
}
