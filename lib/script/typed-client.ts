// Every operation as a function: `rbee.worker.install({worker_id}, {onEvent, signal})`. What scripts and programs use.
import type { HiveClient, StreamEvent } from "../client.ts";
import { type InputWritten, type OperationName, type Output, operations } from "../contract/operations.ts";
import { type ErrorData, errorFromData } from "../errors.ts";

interface CallOptions {
  readonly onEvent?: (event: StreamEvent) => void;
  /** Cancels the job; the call then rejects with CANCELLED when nothing of it lives. */
  readonly signal?: AbortSignal;
}

type Camel<Text extends string> = Text extends `${infer Head}_${infer Tail}` ? `${Head}${Capitalize<Camel<Tail>>}` : Text;
type Arguments<Name extends OperationName> =
  Record<never, never> extends InputWritten<Name>
    ? [input?: InputWritten<Name>, options?: CallOptions]
    : [input: InputWritten<Name>, options?: CallOptions];
type Call<Name extends OperationName> = (...args: Arguments<Name>) => Promise<Output<Name>>;
type GroupOf<Name> = Name extends `${infer Group}_${string}` ? Group : never;
type VerbOf<Name, Group extends string> = Name extends `${Group}_${infer Verb}` ? Camel<Verb> : never;

/** `worker_install` is `worker.install`, `worker_process_list` is `worker.processList`, `infer` is `infer`. */
export type TypedClient = {
  readonly [Group in GroupOf<OperationName>]: {
    readonly [Name in OperationName as VerbOf<Name, Group>]: Call<Name>;
  };
} & { readonly [Name in OperationName as Name extends `${string}_${string}` ? never : Name]: Call<Name> };

interface Connected {
  readonly rbee: TypedClient;
  /** Ends every job that was started through it and is not over, and waits for them. */
  cancelAll(): Promise<void>;
}

/** The functions over one connection, which is made at the first call. */
export function typedClient(connect: () => Promise<HiveClient>): Connected {
  const running = new Set<() => Promise<unknown>>();
  const call = async (name: OperationName, input: object = {}, { onEvent, signal }: CallOptions = {}) => {
    signal?.throwIfAborted();
    const client = await connect();
    const { job_id, joined } = await client.submit(name, input as never);
    // Somebody else's job is not ours to end.
    const cancel = async () => (joined ? undefined : client.cancel(job_id).catch(() => undefined));
    running.add(cancel);
    signal?.addEventListener("abort", cancel, { once: true });
    if (signal?.aborted) void cancel();
    try {
      return await followToEnd(client, job_id, onEvent);
    } finally {
      running.delete(cancel);
      signal?.removeEventListener("abort", cancel);
    }
  };
  return {
    rbee: grouped(call) as unknown as TypedClient,
    cancelAll: async () => void (await Promise.all([...running].map((cancel) => cancel()))),
  };
}

/** Where an operation's function stands. */
export function callPath(name: OperationName): readonly string[] {
  const [group, ...verb] = name.split("_");
  return verb.length === 0
    ? [group!]
    : [group!, verb.map((word, index) => (index === 0 ? word : word[0]!.toUpperCase() + word.slice(1))).join("")];
}

function grouped(call: (name: OperationName, input?: object, options?: CallOptions) => Promise<unknown>): object {
  const root: Record<string, unknown> = {};
  for (const name of Object.keys(operations) as OperationName[]) {
    const [group, verb] = callPath(name);
    const bound = (input?: object, options?: CallOptions) => call(name, input, options);
    if (verb === undefined) root[group!] = bound;
    else root[group!] = { ...(root[group!] as object | undefined), [verb]: bound };
  }
  return root;
}

async function followToEnd(client: HiveClient, jobId: string, onEvent: CallOptions["onEvent"]): Promise<unknown> {
  let result: unknown;
  let error: ErrorData | undefined;
  for await (const event of client.follow(jobId)) {
    onEvent?.(event);
    if (event.event === "result") result = event.data;
    if (event.event === "error") error = event.data;
  }
  if (error) throw errorFromData(error);
  return result;
}
