// rbee doctor: looks at this rbee without needing a hive.
import { examine } from "../lib/checks/doctor.ts";
import { pathsFrom } from "../lib/paths.ts";
import type { Command, ParsedArgs } from "./argv.ts";
import { COMMON_ARGS } from "./commands.ts";
import { renderFindings } from "./findings.ts";
import { Output } from "./output.ts";

export const doctorCommand: Command = {
  name: "doctor",
  summary: "What is wrong here, and the line that mends it",
  args: COMMON_ARGS,
  examples: ["rbee doctor", "rbee doctor --json"],
  run: doctor,
};

/** Exits with 0 when nothing is wrong, with 4 when something is. */
async function doctor(args: ParsedArgs): Promise<number> {
  const output = new Output(args.values);
  const findings = await examine(pathsFrom(), process.env);
  const problems = findings.filter(({ state }) => state === "problem").length;
  if (output.json) output.data({ well: problems === 0, findings });
  else output.result(renderFindings(output.quiet ? findings.filter(({ state }) => state !== "fine") : findings, output));
  output.note(
    problems === 0
      ? "✓ Nothing is wrong"
      : `${problems === 1 ? "One thing is" : `${problems} things are`} wrong; the line below each mends it`,
  );
  return problems === 0 ? 0 : 4;
}
