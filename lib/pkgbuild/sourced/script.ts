// The bash text that sources a recipe as makepkg does and then tells what it found. Its second half arrives only after the recipe was read.
import after from "./after.sh" with { type: "text" };
import before from "./before.sh" with { type: "text" };

export interface ScriptOptions {
  readonly recipe: string;
  /** Stands at both ends of the report; nothing printed earlier can know it. */
  readonly nonce: string;
  /** Variables of makepkg that are not in the environment. */
  readonly variables: Readonly<Record<string, string>>;
  readonly fields: readonly string[];
  /** Whether /proc shows this room's processes only: then whoever is younger than bash was left behind by the recipe. */
  readonly ownProcesses: boolean;
}

/** Out of the way of recipes that open descriptors of their own: 3 is the report, 4 what is printed, 5 what is printed at the end. */
const DESCRIPTORS = "exec {__rbee_out}>&3 {__rbee_printed}>&4 {__rbee_end}>&5 3>&- 4>&- 5>&-\n";

/** The whole text for bash's standard input: bash reads it command by command, so the recipe runs before the rest is known. */
export function sourcingScript(options: ScriptOptions): string {
  return DESCRIPTORS + before + assignments(options.variables) + sourceLine(options) + after + reportLines(options);
}

const assignments = (variables: Readonly<Record<string, string>>) =>
  Object.entries(variables)
    .map(([name, value]) => `${name}=${quote(value)}\n`)
    .join("");

const sourceLine = ({ recipe }: ScriptOptions) => `__rbee_source ${quote(recipe)} </dev/null >&"$__rbee_printed"; __rbee_status=$?\n`;

const reportLines = ({ nonce, fields, ownProcesses }: ScriptOptions) => `
IFS=$' \\t\\n'; [[ -z $(builtin jobs -p) ]] || __rbee_left=1
${ownProcesses ? youngerProcesses : ""}set -f +eux; shopt -s extglob; IFS=$' \\t\\n'
__rbee_fields=${quote(fields.join(" "))}
__rbee_field ${quote(nonce)} "$__rbee_status" "\${__rbee_left:-0}"
if (( __rbee_status == 0 )); then __rbee_report; fi
__rbee_field ${quote(nonce)}
exec >&"$__rbee_end"
builtin exit 0
`;

const youngerProcesses = "set +f; for __rbee_pid in /proc/[0-9]*; do (( ${__rbee_pid#/proc/} <= $$ )) || __rbee_left=1; done\n";

/** A word that bash reads as exactly this text (bash(1), QUOTING). */
export function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
