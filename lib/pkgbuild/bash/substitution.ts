// Command substitution: what a modelled command prints, or a mark for what a program would have printed (bash(1), Command Substitution).
import type { Command, List } from "./ast.ts";
import { isAssignment } from "./ast.ts";
import { Handover } from "./handover.ts";
import { nested, runList } from "./run.ts";
import { type Shell, subshell, unknownMark } from "./shell.ts";

/** What `$( … )` prints, without the newlines at its end. */
export function runSubstitution(shell: Shell, body: List): string {
  return nested(shell, () => {
    const output: string[] = [];
    const inner = subshell(shell, output);
    const { depth, at } = shell;
    try {
      runList(inner, body);
    } catch (thrown) {
      if (!(thrown instanceof Handover) || !asksPrograms(body)) throw thrown;
      Object.assign(shell, { depth, at, status: Number.NaN, substituted: Number.NaN });
      return unknownMark;
    }
    shell.status = inner.status;
    shell.substituted = inner.status;
    return output.join("").replace(/\n+$/, "");
  });
}

/** Programs that only print: where nothing looks at what they print, they need not run. */
const printers =
  /^(?:awk|basename|bc|cat|cut|date|dirname|echo|expr|gawk|git|grep|head|id|ls|nproc|printf|python3?|readlink|realpath|rev|sed|sort|tail|tr|uname|uniq|vercmp|wc|whoami|xargs)$/;

const asksPrograms = (body: List): boolean =>
  body.every(
    ({ first, rest, background }) =>
      !background && [first, ...rest.map((each) => each.pipeline)].every((each) => each.commands.every(onlyPrints)),
  );

function onlyPrints(command: Command): boolean {
  if (command.type !== "simple" || command.assignments.length > 0) return false;
  const [name] = command.words;
  const only = name === undefined || isAssignment(name) ? undefined : name.parts.length === 1 ? name.parts[0] : undefined;
  return only?.type === "text" && printers.test(only.value);
}
