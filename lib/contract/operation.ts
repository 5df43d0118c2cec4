// What an operation is: its words on the command line, what goes in, what comes out, how long it may take.
import { z } from "zod";

/** How one field of an operation's input looks on the command line. */
interface Argument {
  readonly description: string;
  /** A word without a flag; the order of the fields is the order of the words. `rest` takes all that follow. */
  readonly positional?: "one" | "rest";
  /** Without the word the command line asks for everything that the operation applies to, one after the other. */
  readonly mayBeLeftOut?: true;
  /** The word shown in help where it is not the field's name. */
  readonly label?: string;
  readonly alias?: string;
  /** The field is for programs; the command line fills it in or leaves it out. */
  readonly hidden?: true;
  /** Takes everything after `--`. */
  readonly afterDashes?: true;
}

/** The command line's view of every input field, filled by {@link argument}. */
export const argumentOf = z.registry<Argument>();

/** Marks a field of an operation's input with its place on the command line. The schema may be another field's as well: each gets one of its own. */
export function argument<Schema extends z.ZodType>(schema: Schema, view: Argument): Schema {
  const own = schema.clone();
  argumentOf.add(own, view);
  return own;
}

export interface Operation<Shape extends z.ZodRawShape = z.ZodRawShape, Output extends z.ZodType = z.ZodType> {
  readonly summary: string;
  /** The words after `rbee`; null for an operation that only programs ask for. */
  readonly command: readonly string[] | null;
  readonly aliases: readonly string[];
  readonly input: z.ZodObject<Shape, z.core.$strict>;
  readonly output: Output;
  /** A query answers at once and leaves no journal; a job may take long, can be cancelled and keeps its journal on disk. */
  readonly kind: "query" | "job";
  /** Milliseconds from `running` until the job is timed out; 0 means no limit. */
  readonly limitMs: number;
  /** What the limit is measured against: all the time since `running`, or the time since the last progress. */
  readonly limitCounts: "time" | "stillness";
  /** Names of the steps in their order, for a page that says "9 of 14" before it starts. */
  readonly steps: readonly string[];
  readonly examples: readonly string[];
}

const QUERY_LIMIT_MS = 30_000;

interface Definition<Shape extends z.ZodRawShape, Output extends z.ZodType> {
  readonly summary: string;
  readonly command: readonly string[] | null;
  readonly aliases?: readonly string[];
  readonly input: Shape;
  readonly output: Output;
  readonly limitMs?: number;
  readonly limitCounts?: "time" | "stillness";
  readonly steps?: readonly string[];
  readonly examples?: readonly string[];
}

function define(kind: "query" | "job") {
  return <Shape extends z.ZodRawShape, Output extends z.ZodType>(definition: Definition<Shape, Output>): Operation<Shape, Output> => ({
    aliases: [],
    steps: [],
    examples: [],
    limitMs: QUERY_LIMIT_MS,
    limitCounts: "time",
    ...definition,
    kind,
    input: z.strictObject(definition.input),
  });
}

export const query = define("query");
export const job = define("job");

const UNITS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** A length of time as people write it (`90s`, `15m`, `0`); a bare number is seconds, as in systemd.time(7). Becomes milliseconds. */
export const Duration = z
  .union([z.string().regex(/^\d{1,9}(ms|s|m|h|d)?$/, "must be a time like 90s, 15m or 0"), z.number().int().min(0).max(999_999_999)])
  .transform((text) => {
    const [, amount, unit] = /^(\d+)(\w*)$/.exec(String(text)) ?? [];
    return Number(amount) * UNITS[(unit || "s") as keyof typeof UNITS];
  });

/** The limit that every job takes: `--timeout`. */
export const timeout = argument(Duration.optional(), { description: "Give up after this time (90s, 15m; 0 = no limit)", label: "TIME" });
