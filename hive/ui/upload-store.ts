// Files that this tab sends to the hive: one after the other, going on while another view is shown.
import type { HiveClient } from "../../lib/client.ts";
import { type RbeeError, toRbeeError } from "../../lib/errors.ts";
import { Rate } from "../../lib/rate.ts";

export interface Sending {
  /** Counted in this tab. */
  readonly key: number;
  readonly name: string;
  readonly size: number;
  readonly state: "waiting" | "sending" | "stopped" | "failed" | "done";
  readonly done: number;
  readonly perSecond?: number | undefined;
  readonly leftMs?: number | undefined;
  readonly error?: RbeeError;
}

class UploadStore {
  #all: readonly Sending[] = [];
  #lastKey = 0;
  #isBusy = false;
  readonly #files = new Map<number, File>();
  readonly #stops = new Map<number, AbortController>();
  readonly #listeners = new Set<() => void>();

  readonly all = (): readonly Sending[] => this.#all;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** `onAdded` is told of each that became a model. */
  send(client: HiveClient, files: readonly File[], onAdded: (id: string) => void): void {
    for (const file of files) {
      const key = ++this.#lastKey;
      this.#files.set(key, file);
      this.#draw([...this.#all, { key, name: file.name, size: file.size, state: "waiting", done: 0 }]);
    }
    void this.#work(client, onAdded);
  }

  /** The hive keeps what it has: {@link resume} goes on there. */
  stop(key: number): void {
    this.#change(key, { state: "stopped" });
    this.#stops.get(key)?.abort();
  }

  resume(key: number, client: HiveClient, onAdded: (id: string) => void): void {
    this.#change(key, { state: "waiting" });
    void this.#work(client, onAdded);
  }

  hide(key: number): void {
    this.#files.delete(key);
    this.#draw(this.#all.filter((sending) => sending.key !== key));
  }

  async #work(client: HiveClient, onAdded: (id: string) => void): Promise<void> {
    if (this.#isBusy) return;
    this.#isBusy = true;
    for (let next = this.#next(); next; next = this.#next()) await this.#send(next.key, client, onAdded);
    this.#isBusy = false;
  }

  #next(): Sending | undefined {
    return this.#all.find(({ state }) => state === "waiting");
  }

  async #send(key: number, client: HiveClient, onAdded: (id: string) => void): Promise<void> {
    const stop = new AbortController();
    this.#stops.set(key, stop);
    const rate = new Rate();
    this.#change(key, { state: "sending" });
    const onProgress = (done: number, total: number) => {
      rate.look(done, performance.now());
      this.#change(key, { done, perSecond: rate.perSecond, leftMs: rate.leftMs(total) });
    };
    try {
      const { id, size_bytes } = await client.upload(this.#files.get(key)!, { onProgress, signal: stop.signal });
      this.#change(key, { state: "done", done: size_bytes });
      onAdded(id);
    } catch (thrown) {
      if (!stop.signal.aborted) this.#change(key, { state: "failed", error: toRbeeError(thrown) });
    }
  }

  #change(key: number, change: Partial<Sending>): void {
    this.#draw(this.#all.map((sending) => (sending.key === key ? { ...sending, ...change } : sending)));
  }

  #draw(all: readonly Sending[]): void {
    this.#all = all;
    for (const listener of this.#listeners) listener();
  }
}

export const uploads = new UploadStore();
