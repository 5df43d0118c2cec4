// Which worker and which model, when not everything was named: what is installed and fits, last used first.
import type { InstalledWorker, Model } from "../../lib/contract/views.ts";
import { fail } from "../../lib/errors.ts";
import { reasonsAgainst } from "../../lib/machine/platform.ts";
import { formatBytes } from "../../lib/units.ts";
import { canUse, type Devices, memoryAt, placeOf } from "./device.ts";
import { needOf } from "./room.ts";

export interface Choice {
  readonly worker: InstalledWorker;
  readonly model: Model | undefined;
  /** What was picked without having been named, in words. */
  readonly reasons: string[];
}

/** What is asked of a worker: text, `openai-audio`, `openai-images`. */
export const TEXT = "openai";

interface Wish {
  /** Only workers with this interface, unless one was named. */
  readonly api?: string;
  readonly worker?: InstalledWorker | undefined;
  readonly model?: Model | undefined;
  readonly device?: string | undefined;
}

/** What there is to choose from. */
interface Stock {
  readonly workers: readonly InstalledWorker[];
  readonly models: readonly Model[];
  readonly devices: Devices;
}

/** @throws NO_WORKER_INSTALLED; NOTHING_FITS when no installed worker can run the model, or there is no model for a worker that needs one. */
export function choose(wish: Wish, stock: Stock): Choice {
  if (stock.workers.length === 0) throw fail("NO_WORKER_INSTALLED", {});
  const models = wish.model ? [wish.model] : [...stock.models].sort((a, b) => lastUsed(b) - lastUsed(a));
  for (const worker of wish.worker ? [wish.worker] : candidates(wish, stock)) {
    const model = firstThatFits(worker, models, wish, stock.devices);
    if (!model && (needsModel(worker) || wish.model)) continue;
    return { worker, model, reasons: reasons(wish, worker, model) };
  }
  throw fail("NOTHING_FITS", { what: whatIsWanted(wish) });
}

/** The last used first; those whose device nobody saw here come after all others. */
function candidates(wish: Wish, { workers, devices }: Stock): InstalledWorker[] {
  const isSeen = ({ worker_type: kind }: InstalledWorker) => devices.some((device) => device.kind === kind);
  return workers
    .filter((worker) => reasonsAgainst(worker.entry).length === 0 && apiOf(worker) === (wish.api ?? TEXT) && canUse(worker, wish.device))
    .sort((a, b) => Number(isSeen(b)) - Number(isSeen(a)) || lastUse(b) - lastUse(a));
}

/** Of the models that the worker can run the first that is not too large for where it computes; else the first, and the look for room says no. */
function firstThatFits(worker: InstalledWorker, models: readonly Model[], { device }: Wish, devices: Devices): Model | undefined {
  const runnable = models.filter((model) => canRun(worker, model));
  const room = memoryAt(placeOf(worker, device), devices) ?? Number.POSITIVE_INFINITY;
  return runnable.length > 1 ? (runnable.find((model) => needOf(model) <= room) ?? runnable[0]) : runnable[0];
}

function whatIsWanted({ model, device }: Wish): string {
  const where = device === undefined ? "" : ` on ${device}`;
  return model ? `the model "${model.id}"${where}` : `a model${where}: none is here that fits (rbee model download)`;
}

function apiOf({ entry }: InstalledWorker): string {
  return entry.run?.api ?? TEXT;
}

/** True when the worker's entry names the model's format. */
export function canRun({ entry }: Pick<InstalledWorker, "entry">, { format }: Model): boolean {
  return entry.supported_formats.includes(format);
}

function reasons(wish: Wish, worker: InstalledWorker, model: Model | undefined): string[] {
  const need = model ? `, needs about ${formatBytes(needOf(model))}` : "";
  return [
    ...(wish.worker
      ? []
      : [`Worker: ${worker.id} (${worker.last_used_at ? "last used" : "installed and fits"}, on ${placeOf(worker, wish.device)})`]),
    ...(wish.model || !model ? [] : [`Model: ${model.id} (${model.last_used_at ? "last used" : "added last"}${need})`]),
  ];
}

/** True when it is not started without one. */
export function needsModel({ entry }: Pick<InstalledWorker, "entry">): boolean {
  return JSON.stringify(entry.run ?? {}).includes("{model");
}

function lastUsed(model: Model): number {
  return model.last_used_at ?? model.added_at;
}

function lastUse(worker: InstalledWorker): number {
  return worker.last_used_at ?? worker.installed_at;
}
