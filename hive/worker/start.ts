// One start of a worker: its process, and the wait until its model answers.
import { closeSync, openSync } from "node:fs";
import { fail, type RbeeError } from "../../lib/errors.ts";
import { describeListener } from "../../lib/machine/listener.ts";
import { homeOf } from "../../lib/paths.ts";
import { dialectOf } from "../dialects/index.ts";
import { healthOf, logTail } from "./health.ts";
import { commandOf, HOST, NONCE, treeOf, type WorkerRecord } from "./record.ts";

export interface Ground {
  /** Where workers run. */
  readonly directory: string;
  /** The environment that workers start with; RBEE_BIN and the entry's own come on top. */
  readonly env: Readonly<{ [name: string]: string | undefined }>;
  readonly rbeeBinary: string;
}

const LOOK_PAUSE_MS = 25;
/** After this long with a stranger on its port a worker will not get it any more. */
const STRANGER_MS = 1_000;

/** Starts the process of a record, which writes its log itself and outlives us. @throws SPAWN_FAILED. */
export function launch(record: WorkerRecord, { directory, env, rbeeBinary }: Ground): Bun.Subprocess {
  const { view, nonce } = record;
  const { command, env: own } = commandOf(record);
  const log = openSync(view.log, view.restarts ? "a" : "w", 0o600);
  try {
    const { RBEE_TOKEN: _, ...inherited } = env;
    const program = Bun.spawn(command, {
      cwd: directory,
      // A container's user may have no home; programs die of looking for it.
      env: { ...inherited, HOME: homeOf(env), ...own, RBEE_BIN: rbeeBinary, [NONCE]: nonce, ...treeOf(record).env },
      stdin: "ignore",
      stdout: log,
      stderr: log,
      detached: true,
    });
    program.unref();
    return program;
  } catch (error) {
    throw fail("SPAWN_FAILED", { ...namesOf(record), reason: (error as Error).message }, { cause: error });
  } finally {
    closeSync(log);
  }
}

/**
 * Resolves when the model answers: the health route says yes, the one who says it is the process that we started, and a first question is answered.
 * @throws SPAWN_FAILED when it ends or refuses, START_TIMED_OUT, PORT_IN_USE when a stranger has its port, each with the end of the log; the signal's reason.
 */
export async function untilReady(record: WorkerRecord, signal: AbortSignal): Promise<void> {
  const { limitMs } = record.launch;
  const limit = new AbortController();
  const timer = limitMs > 0 ? setTimeout(() => limit.abort(), limitMs) : undefined;
  const either = AbortSignal.any([signal, limit.signal]);
  try {
    await untilProven(record, either);
  } catch (error) {
    // A limit of the job is the limit of the start as well: its error has the log.
    const isLate = limit.signal.aborted || (signal.aborted && (signal.reason as RbeeError | undefined)?.code === "TIMED_OUT");
    throw isLate ? fail("START_TIMED_OUT", { ...namesOf(record), limit: `${limitMs / 1000} s` }, endOfLog(record)) : error;
  } finally {
    clearTimeout(timer);
  }
}

async function untilProven(record: WorkerRecord, signal: AbortSignal): Promise<void> {
  let strangerSince: number | undefined;
  for (;;) {
    signal.throwIfAborted();
    if (record.view.state !== "starting") throw unready(record, record.view.exit ?? "it was stopped");
    const health = await healthOf(record, signal);
    if (health === "yes" && (await hasProof(record, signal))) return;
    strangerSince = health === "stranger" ? (strangerSince ?? performance.now()) : undefined;
    if (strangerSince !== undefined && performance.now() - strangerSince > STRANGER_MS)
      throw fail("PORT_IN_USE", { port: record.view.port, host: HOST, by: describeListener(record.view.port) }, endOfLog(record));
    await Bun.sleep(LOOK_PAUSE_MS);
  }
}

/** @throws SPAWN_FAILED when it will never answer. */
async function hasProof(record: WorkerRecord, signal: AbortSignal): Promise<boolean> {
  const { url, model, worker_id } = record.view;
  const speaker = { url, token: record.token, model: record.modelName ?? model ?? worker_id };
  const proof = await dialectOf(record.api).prove(speaker, signal);
  if (typeof proof === "object") throw unready(record, proof.refusal);
  // Between question and answer it may have ended, and another taken its port.
  return proof === "answers" && record.view.state === "starting";
}

function unready(record: WorkerRecord, reason: string) {
  return fail("SPAWN_FAILED", { ...namesOf(record), reason }, endOfLog(record));
}

function namesOf({ view }: WorkerRecord) {
  return { worker: view.worker_id, process: view.id };
}

function endOfLog({ view }: WorkerRecord) {
  return { data: { tail: logTail(view.log), process: view.id } };
}
