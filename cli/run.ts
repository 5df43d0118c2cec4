// Sends one operation to the hive, prints what it tells, turns Ctrl+C into a cancel and the end into an exit code.
import type { HiveClient, StreamEvent } from "../lib/client.ts";
import { settingsFrom } from "../lib/config.ts";
import { Duration } from "../lib/contract/operation.ts";
import { type Output as Answer, type InputWritten, type OperationName, operations } from "../lib/contract/operations.ts";
import { type ErrorData, errorFromData, fail } from "../lib/errors.ts";
import { pathsFrom } from "../lib/paths.ts";
import { formatDuration } from "../lib/units.ts";
import { answerElevation, canElevate } from "./elevate.ts";
import { type HeldSignals, holdSignals, watchSignals } from "./interrupt.ts";
import type { Output } from "./output.ts";
import { Progress } from "./progress.ts";
import { exitCodes, views } from "./views.ts";

interface RunOptions {
  readonly client: HiveClient;
  readonly output: Output;
  /** Prints the job's id and leaves it alone. */
  readonly detach?: boolean | undefined;
}

/** Runs an operation to its end. Returns the exit code; @throws the error that it ended with. */
export async function runOperation<Name extends OperationName>(
  operation: Name,
  input: InputWritten<Name>,
  { client, output, detach }: RunOptions,
): Promise<number> {
  using held = detach ? undefined : holdSignals(output);
  const { job_id, joined } = await client.submit(operation, input);
  if (detach) {
    output.result(job_id);
    output.note(`hint: Watch it: rbee job logs -f ${job_id}`);
    return 0;
  }
  if (joined) output.note(`Joined job ${job_id}, which does the same already`);
  return followJob(client, output, job_id, { operation, joined, limitMs: limitOf(input), held });
}

interface FollowOptions {
  /** Undefined for an operation that this rbee does not know. */
  readonly operation: OperationName | undefined;
  /** Somebody else's job: leaving it does not cancel it. */
  readonly joined: boolean;
  /** How long it is waited for a job that is somebody else's. Milliseconds; 0 = without end. */
  readonly limitMs?: number;
  /** Signals that came before the job was known. */
  readonly held?: HeldSignals | undefined;
}

/** `--timeout`, as the hive reads it; 0 without one. */
function limitOf(input: object): number {
  return Duration.catch(0).parse("timeout" in input ? input.timeout : undefined);
}

/** Prints a job to its end. Returns the exit code; @throws the error that it ended with. */
export async function followJob(
  client: HiveClient,
  output: Output,
  jobId: string,
  { operation, joined, limitMs = 0, held }: FollowOptions,
): Promise<number> {
  const isQuery = operation !== undefined && operations[operation].kind === "query";
  using progress = new Progress(output);
  const left = new AbortController();
  const signals = watchSignals({ client, output, jobId, joined, limitMs, held, onLeave: () => left.abort() });
  let result: unknown;
  let error: ErrorData | undefined;
  const elevate = async (command: readonly string[]) => {
    if (joined || !canElevate(output)) output.note(`The job waits for its last step:\n    sudo ${command.join(" ")}`);
    else await answerElevation(client, jobId, command, output);
  };
  try {
    for await (const event of client.follow(jobId, { signal: left.signal, onLost: () => tellLost(output) })) {
      if (event.event === "result") result = event.data;
      if (event.event === "error") error = event.data;
      if (event.event === "progress" && operation && operations[operation].limitCounts === "stillness") signals.moved();
      if (output.json && !isQuery) output.data(asLine(event));
      else progress.tell(event);
      if (event.event === "elevate") await elevate(event.data.command);
    }
  } catch (thrown) {
    if (left.signal.aborted) return signals.exitCode ?? 130;
    throw thrown;
  } finally {
    signals.stop();
    output.endLive();
  }
  if (error) return endWithError(error, { output, operation, signalExit: signals.exitCode, wasStreamed: output.json && !isQuery });
  if (output.json) {
    if (isQuery) output.data(result);
  } else if (operation) show(operation, result, output);
  else output.data(result);
  return operation ? exitCodeOf(operation, result) : 0;
}

/** A person who waits is told why. Returns for how long it is tried again. */
function tellLost(output: Output): number {
  const { reconnect } = settingsFrom(pathsFrom(process.env));
  output.warn(`The connection to the hive was lost; trying again for ${formatDuration(reconnect)}`);
  return reconnect;
}

function exitCodeOf<Name extends OperationName>(operation: Name, result: unknown): number {
  return exitCodes[operation]?.(result as Answer<Name>) ?? 0;
}

function show<Name extends OperationName>(operation: Name, result: unknown, output: Output): void {
  views[operation](result as Answer<Name>, output);
}

/** `end` stands for the unnamed last event. */
function asLine({ id, event, data }: StreamEvent) {
  return { id, event, data };
}

interface Ending {
  readonly output: Output;
  readonly operation: OperationName | undefined;
  readonly signalExit: number | undefined;
  /** The error was among the events already; stdout must not have it twice. */
  readonly wasStreamed: boolean;
}

function endWithError(error: ErrorData, { output, operation, signalExit, wasStreamed }: Ending): number {
  if (error.code !== "CANCELLED") throw Object.assign(errorFromData(error), { wasStreamed });
  if (!output.json) output.note(operation === "worker_install" ? "❌ Build cancelled by user" : "❌ Cancelled by user");
  return signalExit ?? fail("CANCELLED", {}).exitCode;
}
