// The types of `import { $, rbee } from "rbee"` as one declaration file, made from the contract: an editor needs nothing else.
import { type OperationName, operations } from "../contract/operations.ts";
import { type JsonSchema, namedSchema, operationSchema } from "../contract/schema.ts";
import { VERSION } from "../version.ts";
import { callPath } from "./typed-client.ts";

/** zx's `$` as far as scripts use it. Source: google.github.io/zx. */
const SHELL = `  export interface ProcessOutput {
    readonly stdout: string;
    readonly stderr: string;
    readonly exitCode: number | null;
    readonly signal: string | null;
    text(): string;
    lines(): string[];
    json<T = unknown>(): T;
  }
  export interface ProcessPromise extends Promise<ProcessOutput> {
    quiet(): ProcessPromise;
    nothrow(): ProcessPromise;
    timeout(time: string | number): ProcessPromise;
    kill(signal?: string): Promise<void>;
    pipe(to: ProcessPromise | string): ProcessPromise;
    pipe(pieces: TemplateStringsArray, ...args: unknown[]): ProcessPromise;
    text(): Promise<string>;
    lines(): Promise<string[]>;
    json<T = unknown>(): Promise<T>;
  }
  export interface Shell {
    (pieces: TemplateStringsArray, ...args: unknown[]): ProcessPromise;
    (options: { cwd?: string; env?: Record<string, string | undefined>; nothrow?: boolean; quiet?: boolean; signal?: AbortSignal }): Shell;
  }
  export const $: Shell;`;

/** The declaration file for `rbee run`. */
export function scriptTypes(): string {
  return `// rbee ${VERSION}: rbee run --types > rbee.d.ts
declare module "rbee" {
${declarations()}}
`;
}

/** The same for the package, which can do a little more: see lib/script/node-client.ts. */
export function packageTypes(): string {
  return `// rbee ${VERSION}
${declarations().replaceAll(/^ {2}/gm, "")}export type Client = typeof rbee;
/** What a hive or this client says when something does not work. */
export class RbeeError extends Error {
  readonly code: string;
  readonly hint: string | undefined;
  readonly data: unknown;
}
/** A client of one hive: default the one of RBEE_HIVE_URL, else this machine's. */
export function connect(options?: { url?: string; token?: string; binary?: string }): { readonly rbee: Client; cancelAll(): Promise<void> };
`;
}

function declarations(): string {
  const names = Object.keys(operations) as OperationName[];
  const groups = Map.groupBy(names, (name) => callPath(name)[0]!);
  const members = [...groups].map(([group, members]) => {
    if (callPath(members[0]!).length === 1) return functionType(members[0]!, group, "    ");
    return `    readonly ${group}: {\n${members.map((name) => functionType(name, callPath(name)[1]!, "      ")).join("\n")}\n    };`;
  });
  return `${SHELL}
  export type Event = ${typeOf(namedSchema("event"))};
  export interface Options {
    onEvent?: (event: Event) => void;
    /** Cancels the job. */
    signal?: AbortSignal;
  }
  export const rbee: {
${members.join("\n")}
  };
`;
}

function functionType(name: OperationName, verb: string, indent: string): string {
  const { input, output } = operationSchema(name);
  const isOptional = ((input.required as string[] | undefined) ?? []).length === 0;
  const about = `${indent}/** ${operations[name].summary} */\n`;
  return `${about}${indent}${verb}(input${isOptional ? "?" : ""}: ${typeOf(input)}, options?: Options): Promise<${typeOf(output)}>;`;
}

/** JSON Schema as a TypeScript type; what TypeScript cannot say (patterns, ranges) is left out. */
function typeOf(schema: JsonSchema): string {
  const { anyOf, oneOf, allOf, type } = schema as {
    anyOf?: JsonSchema[];
    oneOf?: JsonSchema[];
    allOf?: JsonSchema[];
    type?: string | string[];
  };
  if ("const" in schema) return JSON.stringify(schema.const);
  if (schema.enum) return (schema.enum as unknown[]).map((value) => JSON.stringify(value)).join(" | ");
  const union = anyOf ?? oneOf;
  if (union) return `(${union.map(typeOf).join(" | ")})`;
  if (allOf) return `(${allOf.map(typeOf).join(" & ")})`;
  if (Array.isArray(type)) return `(${type.map((each) => typeOf({ ...schema, type: each })).join(" | ")})`;
  if (type === "object") return objectType(schema);
  if (type === "array") return `Array<${typeOf((schema.items as JsonSchema | undefined) ?? {})}>`;
  if (type === "integer" || type === "number") return "number";
  return type === "string" || type === "boolean" || type === "null" ? type : "unknown";
}

function objectType(schema: JsonSchema): string {
  const {
    properties = {},
    required = [],
    additionalProperties,
  } = schema as {
    properties?: Record<string, JsonSchema>;
    required?: string[];
    additionalProperties?: JsonSchema | boolean;
  };
  const fields = Object.entries(properties).map(
    ([key, value]) => `${JSON.stringify(key)}${required.includes(key) ? "" : "?"}: ${typeOf(value)}`,
  );
  const isMap = fields.length === 0 && typeof additionalProperties === "object";
  return isMap ? `Record<string, ${typeOf(additionalProperties)}>` : `{ ${fields.join("; ")} }`;
}
