// Typed collections of small records over unstorage, one file a record, written atomically and checked when read.
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { createStorage, defineDriver } from "unstorage";
import type { z } from "zod";
import { PARTIAL, writeFileAtomic } from "./atomic.ts";
import { fail } from "./errors.ts";
import { Reread } from "./reread.ts";

/** Unstorage's own file drivers write in place; this one writes beside and renames. Keys are file names already. */
const atomicDriver = defineDriver((options: { base: string }) => {
  const path = (key: string) => join(options.base, key);
  const read = (key: string) => {
    try {
      return readFileSync(path(key), "utf8");
    } catch (error) {
      if ((error as { code?: string }).code === "ENOENT") return null;
      throw error;
    }
  };
  return {
    name: "rbee-atomic",
    options,
    hasItem: (key) => read(key) !== null,
    getItem: read,
    setItem: (key, value) => writeFileAtomic(path(key), value),
    removeItem: (key) => rmSync(path(key), { force: true }),
    getKeys: () => {
      mkdirSync(options.base, { recursive: true });
      return readdirSync(options.base).filter((name) => name.endsWith(SUFFIX) && !name.includes(PARTIAL));
    },
  };
});

const SUFFIX = ".json";

/** Turns what one format held into what the next one holds. */
type Step = (value: unknown) => unknown;

/** Told of a record that could not be read and was set aside. */
export type OnUnreadable = (path: string, reason: string) => void;

interface CollectionOptions {
  readonly onUnreadable?: OnUnreadable | undefined;
  /** From format 1 on; the number of the format that is written is one more than there are steps. A larger one on disk is a newer rbee's. */
  readonly steps?: readonly Step[];
  /** Keeps what was read until its file changes: for collections that grow long. Whoever asks for a value shares it and does not change it. */
  readonly keepsRead?: boolean;
}

export interface Collection<Value> {
  list(): Promise<Value[]>;
  get(key: string): Promise<Value | undefined>;
  set(key: string, value: Value): Promise<void>;
  remove(key: string): Promise<void>;
}

/**
 * The records of one kind in the directory `base`, which is made when first written.
 * A record that cannot be read is renamed to `*.unreadable`, told through `onUnreadable`, and never deleted.
 * @throws STATE_NEWER when a newer rbee wrote a record.
 */
export function openCollection<Schema extends z.ZodType>(
  base: string,
  schema: Schema,
  { onUnreadable, steps = [], keepsRead = false }: CollectionOptions = {},
): Collection<z.infer<Schema>> {
  const storage = createStorage<string>({ driver: atomicDriver({ base }) });

  const kept = keepsRead ? new Reread<Promise<z.infer<Schema> | undefined>>() : undefined;
  const read = async (file: string) => kept?.of(join(base, file), () => readNow(file)) ?? readNow(file);
  const readNow = async (file: string): Promise<z.infer<Schema> | undefined> => {
    const text = await storage.getItemRaw<string>(file);
    if (text === null || text === undefined) return undefined;
    try {
      return schema.parse(unwrap(text, join(base, file), steps));
    } catch (error) {
      if ((error as { code?: string }).code === "STATE_NEWER") throw error;
      const path = join(base, file);
      renameSync(path, `${path}.unreadable`);
      onUnreadable?.(path, error instanceof Error ? error.message : String(error));
      return undefined;
    }
  };

  return {
    async list() {
      const files = (await storage.getKeys()).sort();
      kept?.keepOnly(files.map((file) => join(base, file)));
      const values = await Promise.all(files.map(read));
      return values.filter((value) => value !== undefined);
    },
    get: (key) => read(fileName(key)),
    set: (key, value) =>
      storage.setItemRaw(fileName(key), `${JSON.stringify({ format: steps.length + 1, value: schema.parse(value) }, null, 2)}\n`),
    remove: (key) => storage.removeItem(fileName(key)),
  };
}

/** Unstorage folds `/` and `:` in keys, so a key is encoded into one plain name first. */
function fileName(key: string): string {
  return encodeURIComponent(key).replaceAll("*", "%2A").replaceAll("%", "=") + SUFFIX;
}

/** A record of an older format is brought forward; it is written so when it is next written. */
function unwrap(text: string, path: string, steps: readonly Step[]): unknown {
  const { format, value } = JSON.parse(text) as { format?: unknown; value?: unknown };
  const found = typeof format === "number" ? format : 1;
  if (found > steps.length + 1) throw fail("STATE_NEWER", { path, found, known: steps.length + 1 });
  return steps.slice(found - 1).reduce((former, step) => step(former), value);
}
