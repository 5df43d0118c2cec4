// Jobs over HTTP: handed in, asked for, read as a stream, cancelled.
import { isOperation, operations } from "../../lib/contract/operations.ts";
import { fail } from "../../lib/errors.ts";
import { invalidInput } from "../../lib/issues.ts";
import type { OperationInput } from "../jobs.ts";
import type { Call } from "./call.ts";
import { streamJournal } from "./stream.ts";

export async function submit({ jobs, request, clients }: Call): Promise<Response> {
  const body = await request.json().catch(() => {
    throw fail("INVALID_INPUT", { field: "body", reason: "is not JSON" });
  });
  if (body === null || typeof body !== "object" || Array.isArray(body))
    throw fail("INVALID_INPUT", { field: "body", reason: "must be a JSON object" });
  const { job, joined } = jobs.submit(parseOperation(body as Record<string, unknown>));
  clients.expect(job.id);
  const place = `/v1/jobs/${job.id}`;
  return Response.json({ job_id: job.id, sse_url: `${place}/stream`, joined }, { status: 202, headers: { location: place } });
}

/** Answers a GET with the result of a query. */
export async function ask({ jobs, request }: Call, body: Record<string, unknown>): Promise<unknown> {
  const { job } = jobs.submit(parseOperation(body));
  request.signal.addEventListener("abort", () => job.end("cancelled", fail("CANCELLED", {})), { once: true });
  await job.ended;
  jobs.wasRead(job.id);
  if (job.error) throw job.error;
  return job.view().result;
}

export function stream({ jobs, slots, request, server, clients }: Call): Response {
  server.timeout(request, 0);
  const afterId = Number(request.headers.get("last-event-id") ?? 0);
  if (!Number.isSafeInteger(afterId) || afterId < 0) throw fail("INVALID_INPUT", { field: "Last-Event-ID", reason: "must be a number" });
  const journal = jobs.journal(slots[0]!);
  clients.enter();
  clients.come(slots[0]!);
  const follow = new URL(request.url).searchParams.get("follow") !== "false";
  const onClose = (hasAll: boolean) => {
    clients.leave();
    if (hasAll) jobs.wasRead(slots[0]!);
  };
  return streamJournal(journal, afterId, { onClose, follow });
}

export async function cancel({ jobs, slots, request, server }: Call): Promise<unknown> {
  server.timeout(request, 0);
  await jobs.cancel(slots[0]!);
  return { job_id: slots[0], status: "cancelled" };
}

/** Checks an operation here, before it becomes a job: 400 names the field and the reason. */
function parseOperation(body: Readonly<Record<string, unknown>>): OperationInput {
  const { operation, hive_id: _, ...input } = body;
  if (!isOperation(operation))
    throw fail("INVALID_INPUT", {
      field: "operation",
      reason: operation === undefined ? "is missing" : `"${String(operation)}" is not one`,
    });
  const parsed = operations[operation].input.safeParse(input);
  if (parsed.success) return { operation, ...parsed.data };
  throw invalidInput(parsed.error);
}
