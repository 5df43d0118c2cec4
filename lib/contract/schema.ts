// The contract as JSON Schema (2020-12), for programs that are not written in TypeScript. Made from the same zod data that rbee checks with.
import { z } from "zod";
import { Entry } from "./entry.ts";
import { ErrorData, JobEvent, JobView } from "./events.ts";
import type { Operation } from "./operation.ts";
import { type OperationName, operations } from "./operations.ts";

export type JsonSchema = Readonly<Record<string, unknown>>;

/** What can be asked for by name besides operations. */
export const NAMED = {
  event: { about: "One line of any job's output with --json", schema: () => eventLine(z.unknown()) },
  error: { about: "One line of a command that failed before it had a job, with --json", schema: () => z.object({ error: ErrorData }) },
  entry: { about: "A catalog's entry (entry.json)", schema: () => Entry },
  job: { about: "A job as `rbee job get --json` shows it", schema: () => JobView },
} as const satisfies Record<string, { about: string; schema: () => z.ZodType }>;

/** Input, answer and event lines of one operation. */
export function operationSchema(name: OperationName): {
  readonly input: JsonSchema;
  readonly output: JsonSchema;
  readonly event: JsonSchema;
} {
  const { input, output }: Operation = operations[name];
  return { input: toJson(input, "input"), output: toJson(output), event: toJson(eventLine(output)) };
}

/** Everything at once: one document with a definition for each name. */
export function wholeSchema(): JsonSchema {
  const named = Object.entries(NAMED).map(([name, { schema }]) => [name, withoutDialect(toJson(schema()))]);
  const all = (Object.keys(operations) as OperationName[]).flatMap((name) =>
    Object.entries(operationSchema(name)).map(([part, schema]) => [`${name}.${part}`, withoutDialect(schema)]),
  );
  return { $schema: DIALECT, $defs: Object.fromEntries([...named, ...all]) };
}

export function namedSchema(name: keyof typeof NAMED): JsonSchema {
  return toJson(NAMED[name].schema());
}

const DIALECT = "https://json-schema.org/draft/2020-12/schema";

/** An event with its number, as `--json` writes it; `end` stands for the unnamed last event of a stream. */
function eventLine(result: z.ZodType): z.ZodType {
  const id = z.number().int().positive();
  const events = JobEvent.options.map((option) =>
    option.shape.event.value === "result" ? z.object({ id, event: z.literal("result"), data: result }) : option.extend({ id }),
  );
  return z.union([...events, z.object({ id, event: z.literal("end"), data: z.string() })]);
}

function toJson(schema: z.ZodType, io: "input" | "output" = "output"): JsonSchema {
  return z.toJSONSchema(schema, { io, unrepresentable: "any" }) as JsonSchema;
}

/** A definition inside another document has the dialect of that document. */
export function withoutDialect({ $schema: _, ...schema }: JsonSchema): JsonSchema {
  return schema;
}
