// A look at a new version before anybody depends on it: it is started the way it will be used, as far as that can be done here.
import type { InstalledVersion, Model } from "../../lib/contract/views.ts";
import { fail, RbeeError } from "../../lib/errors.ts";
import { reasonsAgainst } from "../../lib/machine/platform.ts";
import type { Hive } from "../hive.ts";
import type { JobContext } from "../job.ts";
import { canRun, needsModel } from "./choose.ts";
import { placeOf } from "./device.ts";
import { firstWords } from "./probe-words.ts";
import { hasRoom, needOf } from "./room.ts";

/** What of a version a probe needs; it may be installed or not. */
type Probed = Pick<InstalledVersion, "id" | "version" | "worker_type" | "tree" | "entry">;

/** What is done, and with what. */
type Probe = { readonly kind: "start"; readonly model: Model | undefined } | { readonly kind: "words"; readonly because: string };

/**
 * Starts the version with a model and asks its health route; where that cannot be, asks the program for its version. Says which it was.
 * @throws PROBE_FAILED with the end of the log; the job's signal's reason.
 */
export async function probeVersion(
  hive: Hive,
  job: JobContext,
  version: Probed,
  former: Pick<InstalledVersion, "id" | "version">,
): Promise<void> {
  const probe = await chooseProbe(hive, version);
  const name = `${version.id} ${version.version}`;
  const words = describe(version, probe);
  job.note(`==> Probe of ${name}: ${words}${probe.kind === "words" ? ` (${probe.because})` : ""}`);
  const from = performance.now();
  try {
    const found = probe.kind === "start" ? await start(hive, job, version, probe.model) : await firstWords(hive, job, version);
    job.note(`✓ Probe passed: ${found} after ${((performance.now() - from) / 1000).toFixed(1)} s`);
  } catch (error) {
    job.signal.throwIfAborted();
    if (!(error instanceof RbeeError)) throw error;
    const slots = { id: version.id, version: version.version, former: `${former.id} ${former.version}` };
    throw fail("PROBE_FAILED", { ...slots, probe: words, reason: reasonOf(error) }, { data: error.data, cause: error });
  }
}

async function chooseProbe(hive: Hive, version: Probed): Promise<Probe> {
  const { run } = version.entry;
  if (!run) return { kind: "words", because: "its entry does not say how it is started" };
  const [unfit] = reasonsAgainst(version.entry);
  if (unfit) return { kind: "words", because: `it ${unfit}` };
  const models = (await hive.models.list()).filter((model) => canRun(version, model));
  const model = models.sort((a, b) => a.size_bytes - b.size_bytes)[0];
  if (!model && needsModel(version)) return { kind: "words", because: "no model is here that it can run" };
  const fits = await hasRoom(hive, { bytes: needOf(model), place: placeOf(version, undefined) });
  return fits ? { kind: "start", model } : { kind: "words", because: "memory is too short to start it beside what runs" };
}

function describe({ entry }: Probed, probe: Probe): string {
  if (probe.kind === "words") return `run ${entry.binary_name} --version`;
  return `start it ${probe.model ? `with ${probe.model.id}` : "without a model"} and ask ${entry.run?.health ?? "/health"}`;
}

async function start(hive: Hive, job: JobContext, version: Probed, model: Model | undefined): Promise<string> {
  await hive.supervisor.probe({ worker: version, model, args: [], memoryBytes: needOf(model), signal: job.signal });
  return "it started and answered";
}

/** What the supervisor says, without the name that was told already. */
function reasonOf({ message }: RbeeError): string {
  return message.replace(/^.* did not become ready: /, "");
}
