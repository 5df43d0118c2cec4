// The records of worker processes, in memory and on disk: those that run and the last ones that ended. Only the supervisor writes in it.
import { mkdirSync, rmSync } from "node:fs";
import { type Collection, type OnUnreadable, openCollection } from "../../lib/collection.ts";
import type { WorkerProcess } from "../../lib/contract/views.ts";
import { fail } from "../../lib/errors.ts";
import { isReady, isRunning, WorkerRecord } from "./record.ts";

/** Ended processes are shown until there are more of them, so that their log can be read. */
const ENDED_KEPT = 20;

export class WorkerBook {
  readonly #onDisk: Collection<WorkerRecord>;
  readonly #records = new Map<string, WorkerRecord>();
  #lastId = 0;

  constructor(directory: string, onUnreadable?: OnUnreadable) {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    this.#onDisk = openCollection(directory, WorkerRecord, { onUnreadable });
  }

  /** An id that no record has had. */
  nextId(): string {
    return String(++this.#lastId);
  }

  all(): WorkerRecord[] {
    return [...this.#records.values()];
  }

  /** What everybody may see, the newest last: no probes. */
  views(): WorkerProcess[] {
    return this.all()
      .filter(({ isProbe }) => !isProbe)
      .map(({ view }) => view)
      .sort((a, b) => Number(a.id) - Number(b.id));
  }

  /** @throws PROCESS_NOT_FOUND. */
  find(id: string): WorkerRecord {
    const record = this.#records.get(id);
    if (!record) throw fail("PROCESS_NOT_FOUND", { id });
    return record;
  }

  has(record: WorkerRecord): boolean {
    return this.#records.get(record.view.id) === record;
  }

  add(record: WorkerRecord): void {
    this.#records.set(record.view.id, record);
  }

  /** Busy and idle are not written down: on disk both are ready. */
  async write(record: WorkerRecord): Promise<void> {
    const state = isReady(record.view) ? "ready" : record.view.state;
    await this.#onDisk.set(record.view.id, { ...record, view: { ...record.view, state } });
  }

  /** Takes in what a former hive wrote. */
  async read(): Promise<WorkerRecord[]> {
    for (const record of await this.#onDisk.list()) {
      this.add(record);
      this.#lastId = Math.max(this.#lastId, Number(record.view.id));
    }
    return this.all();
  }

  /** Record and log are gone; the last id is given again. */
  drop({ id, log }: WorkerProcess): void {
    this.#records.delete(id);
    void this.#onDisk.remove(id);
    rmSync(log, { force: true });
    if (id === String(this.#lastId)) this.#lastId--;
  }

  /** Drops the oldest of those that ended. */
  dropOld(): void {
    const ended = this.views().filter((view) => !isRunning(view));
    for (const view of ended.slice(0, Math.max(0, ended.length - ENDED_KEPT))) this.drop(view);
  }

  /** Forgets all without changing anything on disk. */
  close(): void {
    this.#records.clear();
  }
}
