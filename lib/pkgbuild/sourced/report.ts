// Decodes the NUL-separated report that the sourcing bash leaves.
import type { Override, Variable } from "../reading.ts";

export interface Report {
  /** What `source` returned: 0, or the recipe is refused as makepkg refuses it. */
  readonly status: number;
  /** The recipe left background jobs. */
  readonly leftJobs: boolean;
  readonly variables: Map<string, Variable>;
  readonly functions: string[];
  readonly overrides: Override[];
}

/** The report between its two nonces, or nothing when it is not whole: the recipe ended the shell or meddled with the report. */
export function decodeReport(text: string, nonce: string): Report | undefined {
  const fields = text.split("\0");
  if (fields.pop() !== "" || fields.shift() !== nonce || fields.pop() !== nonce) return undefined;
  const report: Report = {
    status: Number(fields.shift()),
    leftJobs: fields.shift() === "1",
    variables: new Map(),
    functions: [],
    overrides: [],
  };
  const rest = fields[Symbol.iterator]();
  for (const kind of rest) if (!readRecord(kind, rest, report)) return undefined;
  return report;
}

function readRecord(kind: string, rest: Iterator<string>, report: Report): boolean {
  const next = () => String(rest.next().value);
  const many = <Value>(count: number, read: () => Value) => Array.from({ length: count }, read);
  if (kind === "function") report.functions.push(next());
  else if (kind === "variable") {
    const [name, flags, count] = [next(), next(), Number(next())];
    const entries = many(count, () => [Number(next()), next()] as const);
    report.variables.set(name, { kind: kindOf(flags), entries });
  } else if (kind === "override") {
    const [packageName, field, isArray, count] = [next(), next(), next(), Number(next())];
    report.overrides.push({ packageName, field, form: isArray === "1" ? "array" : "string", values: many(count, next) });
  } else return false;
  return true;
}

const kindOf = (flags: string): Variable["kind"] => (flags.includes("A") ? "map" : flags.includes("a") ? "array" : "scalar");
