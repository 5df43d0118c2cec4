// Which worker and which model, when not everything was named: what is installed and fits, last used first.
import type { InstalledWorker, Model } from "../lib/contract/views.ts";
import { fail } from "../lib/errors.ts";
import { reasonsAgainst } from "../lib/platform.ts";

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
}

/** @throws NO_WORKER_INSTALLED; NOTHING_FITS when no installed worker can run the model, or there is no model for a worker that needs one. */
export function choose(wish: Wish, installed: readonly InstalledWorker[], models: readonly Model[]): Choice {
  if (installed.length === 0) throw fail("NO_WORKER_INSTALLED", {});
  const workers = wish.worker ? [wish.worker] : [...installed].sort((a, b) => lastUse(b) - lastUse(a));
  const candidates = wish.model ? [wish.model] : [...models].sort((a, b) => lastUsed(b) - lastUsed(a));
  for (const worker of workers) {
    if (!wish.worker && (reasonsAgainst(worker.entry).length > 0 || apiOf(worker) !== (wish.api ?? TEXT))) continue;
    const model = candidates.find((candidate) => canRun(worker, candidate));
    if (!model && (needsModel(worker) || wish.model)) continue;
    return { worker, model, reasons: reasons(wish, worker, model) };
  }
  const what = wish.model ? `the model "${wish.model.id}"` : "a model: none is here that fits (rbee model download)";
  throw fail("NOTHING_FITS", { what });
}

function apiOf({ entry }: InstalledWorker): string {
  return entry.run?.api ?? TEXT;
}

/** True when the worker's entry names the model's format. */
export function canRun({ entry }: Pick<InstalledWorker, "entry">, { format }: Model): boolean {
  return entry.supported_formats.includes(format);
}

function reasons(wish: Wish, worker: InstalledWorker, model: Model | undefined): string[] {
  return [
    ...(wish.worker ? [] : [`Worker: ${worker.id} (${worker.last_used_at ? "last used" : "installed and fits"})`]),
    ...(wish.model || !model ? [] : [`Model: ${model.id} (${model.last_used_at ? "last used" : "added last"})`]),
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
