// Where a worker computes: `cpu`, a kind of device (`cuda`) or one of them (`cuda:0`), as people write it and as this machine has it.
import { totalmem } from "node:os";
import type { Capabilities, InstalledWorker } from "../../lib/contract/views.ts";
import { fail } from "../../lib/errors.ts";

export type Devices = Capabilities["devices"];

/** `cuda` of `cuda:0`; the processor when nothing is said. */
export function kindOf(device: string | undefined): string {
  return device?.split(":")[0] ?? "cpu";
}

/** Where a worker will compute when it is started with this wish. */
export function placeOf(worker: Pick<InstalledWorker, "worker_type">, device: string | undefined): string {
  return device ?? worker.worker_type;
}

/** Every worker can be kept on the processor; else it computes on its own kind of device only. */
export function canUse(worker: Pick<InstalledWorker, "worker_type">, device: string | undefined): boolean {
  return device === undefined || kindOf(device) === "cpu" || kindOf(device) === worker.worker_type;
}

/**
 * Looks a wished device up among those of the machine. Returns a remark when nobody could see devices of its kind here.
 * @throws DEVICE_NOT_FOUND when its kind is here and it is not; DEVICE_UNFIT when the worker cannot compute there.
 */
export function checkDevice(wished: string, worker: InstalledWorker, devices: Devices): string | undefined {
  const kind = kindOf(wished);
  if (!canUse(worker, wished)) throw fail("DEVICE_UNFIT", { worker: worker.id, kind: worker.worker_type, device: wished });
  const here = devices.filter((device) => device.kind === kind);
  if (here.length === 0) return `No ${kind} device was seen here (rbee capabilities --refresh looks again)`;
  const missing = indexesOf(wished).find((index) => !here.some(({ id }) => id === `${kind}:${index}`));
  if (missing !== undefined) throw fail("DEVICE_NOT_FOUND", { device: `${kind}:${missing}`, found: here.map(({ id }) => id).join(", ") });
  return undefined;
}

/** What all memory of a place comes to, in bytes; undefined where nobody can say. */
export function memoryAt(place: string, devices: Devices): number | undefined {
  if (kindOf(place) === "cpu") return totalmem();
  const sizes = devices.filter((device) => isMeant(place, device)).map(({ memory_bytes }) => memory_bytes ?? 0);
  return sizes.length === 0 || sizes.includes(0) ? undefined : sizes.reduce((sum, size) => sum + size, 0);
}

/** True when two places share memory: the same kind, and not two different cards of it. */
export function overlap(one: string, other: string): boolean {
  if (kindOf(one) !== kindOf(other)) return false;
  const [left, right] = [indexesOf(one), indexesOf(other)];
  return left.length === 0 || right.length === 0 || left.some((index) => right.includes(index));
}

function isMeant(place: string, { id, kind }: Devices[number]): boolean {
  const indexes = indexesOf(place);
  return kind === kindOf(place) && (indexes.length === 0 || indexes.some((index) => id === `${kind}:${index}`));
}

/** `["0","1"]` of `cuda:0,1`; empty when all are meant. */
function indexesOf(place: string): string[] {
  return place.split(":")[1]?.split(",") ?? [];
}
