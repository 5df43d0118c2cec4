// rbee schema: the contract as JSON Schema.
import { isOperation, operations } from "../lib/contract/operations.ts";
import { NAMED, namedSchema, operationSchema, wholeSchema } from "../lib/contract/schema.ts";
import { nearest } from "../lib/nearest.ts";
import type { Command, ParsedArgs } from "./argv.ts";
import { usage } from "./argv.ts";
import { COMMON_ARGS } from "./commands.ts";
import { Output } from "./output.ts";

export const schemaCommand: Command = {
  name: "schema",
  summary: "JSON Schema of operations, events, errors and entries",
  args: {
    name: {
      type: "positional",
      required: false,
      valueHint: "NAME",
      description: `${Object.keys(NAMED).join(", ")} or an operation; all without it`,
    },
    ...COMMON_ARGS,
  },
  examples: ["rbee schema event", "rbee schema worker_install"],
  run: printSchema,
};

async function printSchema(args: ParsedArgs): Promise<number> {
  const output = new Output(args.values);
  const schema = schemaFor(args.values.name);
  output.result(JSON.stringify(schema, null, output.json ? 0 : 2));
  return 0;
}

function schemaFor(name: string | boolean | undefined): unknown {
  if (typeof name !== "string") return wholeSchema();
  if (isOperation(name)) return operationSchema(name);
  if (Object.hasOwn(NAMED, name)) return namedSchema(name as keyof typeof NAMED);
  const near = nearest(name, [...Object.keys(NAMED), ...Object.keys(operations)]);
  throw usage(["schema"], `There is no schema "${name}"${near ? `. Did you mean ${near}?` : ""}`);
}
